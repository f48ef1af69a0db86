package browsertest

import (
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	browserpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed testdata/axe.min.js
var axe string

// patience is how long a test waits for the browser; a loaded machine needs seconds.
const patience = 2 * time.Minute

var program string // the built msnscope

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run builds the program, so that the pages are those that its users get, and runs the tests.
func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "msnscope-browser-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	program = filepath.Join(folder, "msnscope")
	build := exec.Command("go", "build", "-o", program, "./cmd/msnscope")
	build.Dir, build.Env = filepath.Join("..", "..", ".."), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	defer func() { stop() }()
	return m.Run()
}

// browser starts Chromium, which all tests use, each with a tab of its own; it is slow to start.
var browser = sync.OnceValues(func() (context.Context, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, err
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.UserDataDir(filepath.Join(filepath.Dir(program), "chromium")),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(patience))
	ctx, stopBrowser := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, stopTab := chromedp.NewContext(ctx)
	stop = func() {
		stopTab()
		stopBrowser()
	}
	return ctx, chromedp.Run(ctx)
})

var stop = func() {} // ends the browser

// page makes the page of captures and returns its path.
func page(t *testing.T, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	out, err := exec.Command(program, append([]string{"flow", "-o", path}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("flow: %v\n%s", err, out)
	}
	return path
}

func sample(name string) string {
	return filepath.Join("..", "..", "..", "captures", "samples", name+".pcapng")
}

// tab is an open page.
type tab struct {
	*testing.T
	ctx      context.Context
	expected func(url string) bool // whether the page may ask for it

	mu    sync.Mutex
	wrong []string // messages on the console, exceptions, requests
}

// open opens a page from its file, in a window of a size and with a colour scheme, and waits until
// its script has run. The test fails if anything was wrong with the page when it ends.
func open(t *testing.T, path, hash string, width, height int64, scheme string) *tab {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return visit(t, "file://"+path+hash, func(url string) bool {
		url, _, _ = strings.Cut(url, "#")
		return strings.HasPrefix(url, "file://") && strings.HasSuffix(url, "page.html")
	}, width, height, scheme)
}

// visit opens the page at a URL as open does. Requests other than expected are wrong.
func visit(t *testing.T, url string, expected func(url string) bool, width, height int64, scheme string) *tab {
	t.Helper()
	p := newTab(t, expected)
	p.do(chromedp.EmulateViewport(width, height), browserpage.BringToFront(),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
		}), chromedp.Navigate(url), chromedp.WaitReady("html[data-ready]", chromedp.ByQuery))
	return p
}

// newTab returns an empty page.
func newTab(t *testing.T, expected func(url string) bool) *tab {
	t.Helper()
	ctx, err := browser()
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("MSNSCOPE_CI") == "" {
		t.Skip("chromium is missing: apt-get install chromium")
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, patience)
	t.Cleanup(stop)
	p := &tab{T: t, ctx: ctx, expected: expected}
	chromedp.ListenTarget(ctx, p.listen)
	t.Cleanup(p.check)
	p.do(network.Enable(), cdplog.Enable())
	return p
}

func (p *tab) listen(event any) {
	what := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		what = "console: " + string(e.Type)
	case *runtime.EventExceptionThrown:
		what = "exception: " + e.ExceptionDetails.Error()
	case *cdplog.EventEntryAdded:
		what = "log: " + e.Entry.Text
	case *network.EventRequestWillBeSent:
		if !p.expected(e.Request.URL) {
			what = "request: " + e.Request.URL
		}
	}
	if what != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.wrong = append(p.wrong, what)
	}
}

func (p *tab) check() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.wrong {
		p.Errorf("the page caused a %s", w)
	}
}

func (p *tab) do(actions ...chromedp.Action) {
	p.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// eval returns the value of an expression of the page.
func eval[V any](p *tab, script string) (v V) {
	p.Helper()
	p.do(chromedp.Evaluate(script, &v))
	return v
}

// want fails the test unless an expression of the page has a value.
func want[V comparable](p *tab, script string, value V) {
	p.Helper()
	if got := eval[V](p, script); got != value {
		p.Errorf("%s is %v, want %v", script, got, value)
	}
}

const (
	title   = `document.querySelector("#detail h2")?.textContent || ""`
	details = `document.getElementById("detail").textContent`
	shown   = `[...document.querySelectorAll("#ladder li")].filter(l => !l.hidden).length`
)

func TestClicksAndKeys(t *testing.T) {
	p := open(t, page(t, sample("conversation")), "", 1400, 900, "light")
	p.do(chromedp.Click(`#n7 a`, chromedp.ByQuery))
	want(p, title, "#7 XFR")
	for _, text := range []string{
		"Sent on in its place", "127.0.0.3:1863", "127.0.0.1:1863", "ReferralType", "State after it", "§7.4",
		"line end",
	} {
		if !strings.Contains(eval[string](p, details), text) {
			t.Errorf("the details of #7 lack %q", text)
		}
	}
	want(p, `location.hash`, "#n7")
	p.do(chromedp.Click(`#detail tbody tr:nth-child(7) button`, chromedp.ByQuery))
	want(p, `document.querySelector("#detail pre mark").textContent`, "31 32 37 2e 30 2e 30 ")
	p.do(chromedp.Click(`#detail dl a`, chromedp.ByQuery)) // the request
	want(p, title, "#6 USR")
	p.do(chromedp.Focus(`#n6 a`, chromedp.ByQuery), chromedp.KeyEvent("j"), chromedp.KeyEvent(kb.ArrowDown))
	want(p, title, "#8 close")
	p.do(chromedp.KeyEvent("k"))
	want(p, title, "#7 XFR")
	p.do(chromedp.KeyEvent("n"))
	want(p, title, "#24 XFR")
	p.do(chromedp.KeyEvent("N"))
	want(p, title, "#7 XFR")
	p.do(chromedp.KeyEvent(kb.End))
	last := eval[string](p, title)
	p.do(chromedp.KeyEvent("j"))
	want(p, title, last)
	p.do(chromedp.KeyEvent(kb.Home))
	want(p, title, "#1 open")
	want(p, `document.activeElement.closest("li").id`, "n1")
	p.do(chromedp.KeyEvent(kb.Enter))
	want(p, `document.activeElement.id`, "detail")
	p.do(chromedp.KeyEvent(kb.Escape))
	want(p, `document.activeElement.closest("li")?.id`, "n1")
}

func TestSearchAndSessions(t *testing.T) {
	p := open(t, page(t, sample("conversation")), "#n12", 1400, 900, "dark")
	want(p, title, "#12 INF")
	all := eval[int](p, shown)
	p.do(chromedp.KeyEvent("/"))
	want(p, `document.activeElement.id`, "find")
	p.do(chromedp.Evaluate(`document.getElementById("find").value = ""`, nil), chromedp.KeyEvent("Nineteen PAGES"))
	want(p, shown, 2) // sent and received
	want(p, `document.getElementById("count").textContent`, fmt.Sprintf("2 of %d", all))
	p.do(chromedp.KeyEvent(kb.Enter))
	want(p, title, "#86 MSG")
	p.do(chromedp.Focus("#find", chromedp.ByQuery), chromedp.KeyEvent(kb.Escape))
	want(p, shown, all)
	p.do(chromedp.Click(`nav summary`, chromedp.ByQuery),
		chromedp.Click(`//button[contains(., "SB#5")]`, chromedp.BySearch))
	if n := eval[int](p, shown); n < 10 || n > all/2 {
		t.Errorf("the session SB#5 has %d of %d rows", n, all)
	}
	want(p, `document.querySelectorAll("#sessions [aria-pressed=true]").length`, 1)
}

// TestMarkupStaysText opens a page of a user whose name, handle and text are markup.
func TestMarkupStaysText(t *testing.T) {
	evil := `<script>document.title="owned"</script><img src=x onerror=document.title="owned">`
	body := "Content-Type: text/plain\r\n\r\n" + evil
	capture := filepath.Join(t.TempDir(), "evil.pcap")
	name := strings.ReplaceAll(evil, " ", "%20")
	write(t, capture, "ANS 1 a@b.c 1.2 3\r\n", "JOI "+name+" "+name+"\r\n",
		fmt.Sprintf("MSG %s %s %d\r\n%s", name, name, len(body), body))
	p := open(t, page(t, capture), "", 1000, 800, "light")
	before := eval[int](p, `document.querySelectorAll("script, img").length`)
	for n := range eval[int](p, shown) {
		p.do(chromedp.Evaluate(fmt.Sprintf(`document.querySelectorAll("#ladder a")[%d].click()`, n), nil))
	}
	want(p, `document.querySelectorAll("script, img").length`, before)
	want(p, `document.title`, "evil.pcap – msnscope")
	if !strings.Contains(eval[string](p, `document.body.innerText`), evil) {
		t.Error("the text is not shown as it is")
	}
}

// write writes a pcap file with one connection to port 1863, on which first the client says
// something, then the server.
func write(t *testing.T, path, client string, server ...string) {
	t.Helper()
	le, be := binary.LittleEndian, binary.BigEndian
	file := le.AppendUint32(nil, 0xa1b2c3d4)
	file = le.AppendUint32(file, 2|4<<16)
	file = le.AppendUint32(append(file, make([]byte, 8)...), 1<<18)
	file = le.AppendUint32(file, 101) // raw IP
	seq := [2]uint32{1000, 2000}
	packet := func(from int, flags byte, data string) {
		ip := be.AppendUint16([]byte{0x45, 0}, uint16(40+len(data)))
		ip = append(ip, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, byte(1+from), 192, 0, 2, byte(2-from))
		ports := [2]uint16{2000, 1863}
		ip = be.AppendUint16(be.AppendUint16(ip, ports[from]), ports[1-from])
		ip = be.AppendUint32(be.AppendUint32(ip, seq[from]), seq[1-from])
		ip = append(append(ip, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0), data...)
		file = le.AppendUint32(append(file, make([]byte, 8)...), uint32(len(ip)))
		file = append(le.AppendUint32(file, uint32(len(ip))), ip...)
		seq[from] += uint32(len(data) + int(flags&2)>>1)
	}
	packet(0, 2, "")
	packet(1, 2|16, "")
	packet(0, 16, client)
	for _, data := range server {
		packet(1, 16, data)
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAccessible runs axe in the page, closed and with details, in both colour schemes, on a wide
// screen and on a phone.
func TestAccessible(t *testing.T) {
	path := page(t, sample("mistakes"))
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1400, 360} {
			t.Run(fmt.Sprintf("%s-%d", scheme, width), func(t *testing.T) {
				p := open(t, path, "", width, 800, scheme)
				p.do(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil))
				p.do(chromedp.Evaluate(axe, nil))
				p.axe("the ladder")
				p.do(chromedp.Evaluate(`document.querySelector("#n27 a").click()`, nil))
				p.do(chromedp.Evaluate(`document.querySelector("#detail tbody button").click()`, nil))
				p.axe("the details")
				if w := eval[int64](p, `document.documentElement.scrollWidth`); w > width {
					t.Errorf("the page is %d pixels wide", w)
				}
			})
		}
	}
}

// notes counts the notes of a lesson that are shown.
const notes = `[...document.querySelectorAll(".note")].filter(n => n.checkVisibility()).length`

// TestLesson: a lesson as a page is accessible in both colour schemes, on a wide screen and on a
// phone, and prints; search and sessions leave the notes that belong to what they show.
func TestLesson(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.html")
	if out, err := exec.Command(program, "flow", "--lesson", "conversation", "-o", path).CombinedOutput(); err != nil {
		t.Fatalf("flow: %v\n%s", err, out)
	}
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1400, 360} {
			t.Run(fmt.Sprintf("%s-%d", scheme, width), func(t *testing.T) {
				p := open(t, path, "", width, 800, scheme)
				p.do(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil))
				p.do(chromedp.Evaluate(axe, nil))
				p.axe("the lesson")
				if w := eval[int64](p, `document.documentElement.scrollWidth`); w > width {
					t.Errorf("the page is %d pixels wide", w)
				}
				p.picture(fmt.Sprintf("lesson-%s-%d.png", scheme, width), "#step4")
			})
		}
	}
	p := open(t, path, "", 1400, 900, "light")
	all := eval[int](p, notes)
	for text, step := range map[string]string{"two cookies": "step4", "ringing 32979361": "step4"} {
		p.do(chromedp.Evaluate(fmt.Sprintf(`{const f = document.getElementById("find"); f.value = %q; f.dispatchEvent(new Event("input"))}`, text), nil))
		want(p, `[...document.querySelectorAll(".note[id]")].filter(n => n.checkVisibility()).map(n => n.id).join()`, step)
	}
	p.do(chromedp.Evaluate(`{const f = document.getElementById("find"); f.value = ""; f.dispatchEvent(new Event("input"))}`, nil))
	want(p, notes, all)
	p.do(chromedp.Click(`nav summary`, chromedp.ByQuery),
		chromedp.Click(`//button[contains(., "SB#5")]`, chromedp.BySearch))
	want(p, `document.getElementById("step1").hidden + " " + document.getElementById("step6").hidden`, "true false")
	p.do(chromedp.Click(`#sessions button`, chromedp.ByQuery), emulation.SetEmulatedMedia().WithMedia("print"))
	want(p, notes, all)
	want(p, `document.getElementById("search").checkVisibility()`, false)
	p.picture("lesson-print.png", "#step1")
}

// picture scrolls to an element and takes a picture for people to look at, where
// MSNSCOPE_PICTURES names a folder.
func (p *tab) picture(name, element string) {
	p.Helper()
	folder := os.Getenv("MSNSCOPE_PICTURES")
	if folder == "" {
		return
	}
	var png []byte
	p.do(chromedp.ScrollIntoView(element, chromedp.ByQuery), chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(folder, name), png, 0o600); err != nil {
		p.Fatal(err)
	}
}

// awaited makes an expression's value that of its promise.
func awaited(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }

func (p *tab) axe(what string) {
	p.Helper()
	var serious []string
	p.do(chromedp.Evaluate(`axe.run({resultTypes: ["violations"]}).then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.html + " " + n.failureSummary).join("\n")))`,
		&serious, awaited))
	for _, s := range serious {
		p.Errorf("%s: %s", what, s)
	}
}

// TestThousandCommands: the page is small, and usable soon. How soon is logged: a test that runs
// beside others cannot demand it.
func TestThousandCommands(t *testing.T) {
	path := page(t, "-Y", "n <= 1060", sample("conversation"), sample("conference"), sample("presence"),
		sample("lists"), sample("privacy"), sample("elsewhere"), sample("moved"), sample("undelivered"),
		sample("refused"), sample("groups"), sample("synchronize"))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, path, "", 1400, 900, "light")
	rows := eval[int](p, shown)
	if rows < 1000 || info.Size() >= 1<<20 {
		t.Errorf("%d rows are %d bytes", rows, info.Size())
	}
	load := eval[float64](p, `performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd`)
	last := eval[float64](p, `(() => { const t = performance.now(); document.querySelector("#ladder li:last-child a").click();
		document.body.getBoundingClientRect(); return performance.now() - t; })()`)
	search := eval[float64](p, `(() => { const t = performance.now(), f = document.getElementById("find"); f.value = "bob";
		f.dispatchEvent(new Event("input")); return performance.now() - t; })()`)
	t.Logf("%d rows, %d bytes: usable after %.0f ms, the last command shown in %.0f ms, a search in %.0f ms", rows,
		info.Size(), load, last, search)
	if slow := 10_000.0; load > slow || last > slow || search > slow {
		t.Error("the page does not answer")
	}
}
