package browsertest

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// serve runs the program with --web and returns the link that it prints. It ends with the test.
func serve(t *testing.T, args ...string) (link string) {
	t.Helper()
	link, _ = start(t, args...)
	return link
}

// running is a run of the program.
type running struct {
	cmd   *exec.Cmd
	lines chan string // of standard error
	said  []string    // those up to the link
	ended chan struct{}
}

// start runs the program with --web on a free port, or on that of the arguments.
func start(t *testing.T, args ...string) (link string, r *running) {
	t.Helper()
	if !strings.Contains(strings.Join(args, " "), "--web") {
		args = append(args, "--web", "127.0.0.1:0")
	}
	r = &running{cmd: exec.Command(program, args...), lines: make(chan string, 1000), ended: make(chan struct{})}
	stderr, err := r.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(r.ended)
		for s := bufio.NewScanner(stderr); s.Scan(); {
			select {
			case r.lines <- s.Text():
			default:
			}
		}
		_ = r.cmd.Wait()
	}()
	t.Cleanup(r.end)
	for {
		select {
		case line := <-r.lines:
			r.said = append(r.said, line)
			if _, link, ok := strings.Cut(line, "the page is at "); ok {
				return link, r
			}
		case <-r.ended:
			t.Fatalf("%q ended", args)
		case <-time.After(patience):
			t.Fatalf("%q prints no link", args)
		}
	}
}

func (r *running) end() {
	_ = r.cmd.Process.Signal(os.Interrupt)
	<-r.ended
}

// live opens the page behind a link.
func live(t *testing.T, link string, width, height int64, scheme string) *tab {
	t.Helper()
	at, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	ours := func(url string) bool { return strings.HasPrefix(url, "http://"+at.Host+"/") }
	return visit(t, link, ours, width, height, scheme)
}

// until waits until an expression of the page is true.
func (p *tab) until(what, script string) {
	p.Helper()
	var ok bool
	wait := chromedp.Poll("Boolean("+script+")", &ok, chromedp.WithPollingTimeout(patience/4))
	if err := chromedp.Run(p.ctx, wait); err != nil {
		p.Fatalf("waited in vain until %s: %v; the page says %.3000s", what, err,
			eval[string](p, `document.body.innerText`))
	}
}

const (
	heading = `(document.querySelector("#detail h2")?.textContent || "")`
	inSight = `[...document.querySelectorAll("#list [role=option]")].filter(e => !e.hidden && e.checkVisibility()).length`
)

// slash presses the key of the filter. The driver types its character too, which a browser does not
// once a script has handled the key.
func (p *tab) slash() {
	p.Helper()
	p.do(chromedp.KeyEvent("/"))
	want(p, `document.activeElement.id`, "filter")
	p.do(chromedp.Evaluate(`{const f = document.getElementById("filter"); f.value = f.value.replace("/", ""); f.dispatchEvent(new Event("input"))}`, nil))
}

// TestLiveKeys: the page of a capture is used by keys alone.
func TestLiveKeys(t *testing.T) {
	p := live(t, serve(t, "inspect", sample("conversation")), 1400, 900, "light")
	p.until("the list is here", `document.querySelector("#list .summary").textContent.length > 2`)
	want(p, `location.search`, "")
	p.until("the first is selected", heading+` === "#1 open"`)
	p.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent(kb.ArrowDown))
	p.until("the fourth is selected", heading+`.startsWith("#4 ")`)
	p.do(chromedp.KeyEvent("G"))
	p.until("the last is in sight", `document.querySelector("#list [aria-selected=true]").getAttribute("aria-posinset") ===
		document.querySelector("#list [aria-selected=true]").getAttribute("aria-setsize")`)
	p.do(chromedp.KeyEvent("g"))
	p.until("the first again", heading+` === "#1 open"`)
	for range 6 {
		p.do(chromedp.KeyEvent("j"))
	}
	p.until("the referral", heading+` === "#7 XFR"`)
	for _, text := range []string{"Sent on in its place", "127.0.0.3:1863", "127.0.0.1:1863", "ReferralType", "§7.4"} {
		if !strings.Contains(eval[string](p, details), text) {
			t.Errorf("the details of #7 lack %q", text)
		}
	}
	p.do(chromedp.KeyEvent(kb.Enter))
	want(p, `document.activeElement.id`, "about")
	p.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter)) // the link to the request
	p.until("the request", heading+` === "#6 USR"`)
	p.do(chromedp.KeyEvent(kb.Escape))
	want(p, `document.activeElement.id`, "list")
	p.do(chromedp.KeyEvent("?"))
	want(p, `document.getElementById("help").open`, true)
	p.do(chromedp.KeyEvent(kb.Escape))
	p.picture("live-light-1400.png", "#list")
}

// TestLiveFilter: a filter is completed and turns green or red as it is typed; Esc takes it away.
func TestLiveFilter(t *testing.T) {
	p := live(t, serve(t, "inspect", sample("conversation")), 1400, 900, "dark")
	p.until("the list is here", `document.querySelector("#list .summary").textContent.length > 2`)
	all := eval[string](p, `document.getElementById("state").textContent`)
	p.slash()
	p.do(chromedp.KeyEvent("cm"))
	p.until("a choice", `document.querySelector("#choices [role=option]")?.textContent === "cmd"`)
	p.do(chromedp.KeyEvent(kb.Tab))
	want(p, `document.getElementById("filter").value`, "cmd")
	p.do(chromedp.KeyEvent(` == "XFR`))
	p.until("it is red", `document.getElementById("filter").className === "bad"`)
	p.do(chromedp.KeyEvent(`"`))
	p.until("it is green", `document.getElementById("filter").className === "ok"`)
	p.until("the rows are filtered", `document.getElementById("state").textContent.startsWith("4 of ")`)
	p.picture("live-filter.png", "#list")
	p.do(chromedp.KeyEvent(kb.Enter))
	want(p, `document.activeElement.id`, "list")
	if state := eval[string](p, `document.getElementById("state").textContent`); !strings.HasSuffix(state, " of "+all) {
		t.Errorf("the state is %q, want some of %s", state, all)
	}
	p.until("only the rows of the filter", `[...document.querySelectorAll("#list [role=option]")].filter(e => !e.hidden)
		.map(e => e.querySelector(".cmd").textContent).join() === "XFR,XFR,XFR,XFR"`)
	p.slash()
	p.do(chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent(kb.Escape))
	p.until("all rows again", fmt.Sprintf(`document.getElementById("state").textContent === %q`, all))
}

// TestLiveMarkupStaysText opens a page of a user whose name, handle and text are markup.
func TestLiveMarkupStaysText(t *testing.T) {
	evil := `<script>document.title="owned"</script><img src=x onerror=document.title="owned">`
	body := "Content-Type: text/plain\r\n\r\n" + evil
	capture := filepath.Join(t.TempDir(), "<img src=x>.pcap")
	name := strings.ReplaceAll(evil, " ", "%20")
	write(t, capture, "ANS 1 a@b.c 1.2 3\r\n", "JOI "+name+" "+name+"\r\n",
		fmt.Sprintf("MSG %s %s %d\r\n%s", name, name, len(body), body))
	p := live(t, serve(t, "inspect", capture), 1000, 800, "light")
	p.until("the list is here", `document.querySelector("#list .summary").textContent.length > 2`)
	before := eval[int](p, `document.querySelectorAll("script, img").length`)
	seen := ""
	for n := range eval[int](p, inSight) - 1 {
		p.do(chromedp.KeyEvent("j"))
		p.until("the next is selected", fmt.Sprintf(heading+`.startsWith("#%d ")`, n+2))
		seen += eval[string](p, `document.body.innerText`)
	}
	want(p, `document.querySelectorAll("script, img").length`, before)
	if title := eval[string](p, `document.title`); strings.Contains(title, "owned") {
		t.Errorf("the title is %q", title)
	}
	if !strings.Contains(seen, evil) {
		t.Error("the text is not shown as it is")
	}
	want(p, `(() => { try { document.body.innerHTML = "<b>x</b>"; return "markup is parsed"; } catch (e) { return e.name; } })()`, "TypeError")
	p.mu.Lock()
	p.wrong = nil // the browser logs that it refused
	p.mu.Unlock()
}

// TestLiveAccessible runs axe in the page, in both colour schemes, on a wide screen and on a phone.
func TestLiveAccessible(t *testing.T) {
	link, _ := start(t, "inspect", sample("mistakes"))
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{1400, 360} {
			t.Run(fmt.Sprintf("%s-%d", scheme, width), func(t *testing.T) {
				p := live(t, link, width, 800, scheme)
				link, _, _ = strings.Cut(link, "?") // the browser has the cookie now
				p.until("the list is here", `document.querySelector("#list .summary").textContent.length > 2`)
				p.do(chromedp.Evaluate(axe, nil))
				p.axe("the list")
				for range 20 {
					p.do(chromedp.KeyEvent("j"))
				}
				p.until("the detail is here", heading+`.startsWith("#21 ")`)
				p.do(chromedp.KeyEvent(kb.Enter))
				p.axe("the detail")
				p.picture(fmt.Sprintf("live-%s-%d.png", scheme, width), "#list")
				p.do(chromedp.KeyEvent(kb.Escape))
				p.slash()
				p.do(chromedp.KeyEvent("c"))
				p.until("choices", `!document.getElementById("choices").hidden`)
				p.axe("the choices")
				p.do(chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent(kb.Escape))
				want(p, `document.activeElement.id`, "list")
				p.do(chromedp.KeyEvent("?"))
				p.axe("the help")
				if w := eval[int64](p, `document.documentElement.scrollWidth`); w > width {
					t.Errorf("the page is %d pixels wide", w)
				}
			})
		}
	}
}

// TestLiveFaces: sessions, ladder, conversation, state and statistics, by keys.
func TestLiveFaces(t *testing.T) {
	p := live(t, serve(t, "inspect", sample("conversation")), 1500, 900, "light")
	p.until("the list is here", `document.querySelector("#list .summary").textContent.length > 2`)
	p.until("the sessions are here", `document.querySelector("#tree .text").textContent === "all"`)
	p.do(chromedp.KeyEvent("1"))
	want(p, `document.activeElement.id`, "tree")
	line := `document.querySelector("#tree [aria-selected=true] .text").textContent`
	p.do(chromedp.KeyEvent("j"))
	p.until("a user is selected", line+` === "alice@hotmail.com"`)
	p.do(chromedp.KeyEvent("h"))
	p.until("the user is folded", `document.querySelector("#tree [aria-selected=true] .sign").textContent === "▸"`)
	p.do(chromedp.KeyEvent("l"), chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent("j"))
	p.until("a talk is selected", line+`.startsWith("SB#5 with bob")`)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until("its ladder", `document.querySelector("#list .rung .b")?.textContent.length > 3`)
	p.until("the path", `document.getElementById("crumbs").textContent === "Sessions>alice@hotmail.com>SB#5"`)
	want(p, `[...document.querySelectorAll("#lanehead b")].map(b => b.textContent).join()`, "alice,proxy,SB#5")
	want(p, `document.activeElement.id`, "list")
	p.picture("live-ladder.png", "#list")
	p.do(chromedp.KeyEvent("V"))
	p.until("the conversation", `document.getElementById("said").innerText.includes("Nineteen pages")`)
	want(p, `document.activeElement.id`, "said")
	p.do(chromedp.KeyEvent("G"))
	p.until("the last line is selected", `document.querySelector("#said [aria-selected=true]") === document.getElementById("said").lastElementChild`)
	p.picture("live-talk.png", "#said")
	p.do(chromedp.Evaluate(axe, nil))
	p.axe("the conversation")
	p.do(chromedp.KeyEvent(kb.Escape))
	p.until("the ladder again", `!document.getElementById("list").hidden`)
	p.axe("the ladder")
	p.do(chromedp.KeyEvent(kb.Escape))
	p.until("all sessions", `document.getElementById("crumbs").hidden`)
	p.do(chromedp.KeyEvent("G"), chromedp.KeyEvent(kb.F4))
	p.until("the state", heading+`.startsWith("State as of #") && document.getElementById("about").textContent.includes("Forward list")`)
	p.picture("live-state.png", "#about")
	p.do(chromedp.KeyEvent("S"))
	p.until("statistics", `document.querySelectorAll("#table tbody tr").length > 3 && document.querySelector("#chart svg")`)
	p.axe("the statistics")
	p.picture("live-figures.png", "#table")
	p.do(chromedp.Click(`//div[@id="table"]//button[text()="MSG"]`, chromedp.BySearch))
	p.until("its filter", `document.getElementById("filter").value === 'cmd == "MSG"'`)
	p.until("its rows", `document.getElementById("state").textContent.match(/^\d+ of 107$/) && !document.getElementById("state").textContent.startsWith("107")`)
}

// TestLiveHold: a text is held, edited and sent on by keys; what is held is chosen on the page; the
// traffic of the demonstration goes on.
func TestLiveHold(t *testing.T) {
	p := live(t, serve(t, "--headless", "--demo", "--listen", "127.0.0.1:0", "--intercept", `payload.type == "text/plain"`),
		1400, 900, "light")
	p.until("something is held", `!document.getElementById("heldbar").hidden`)
	p.do(chromedp.Evaluate(axe, nil))
	p.do(chromedp.KeyEvent("G"))
	p.do(chromedp.KeyEvent("Q"))
	want(p, `document.getElementById("queue").open`, true)
	p.axe("the queue")
	p.picture("live-queue.png", "#queue")
	p.do(chromedp.KeyEvent("e"))
	p.until("the editor", `document.getElementById("editor").open && document.activeElement.tagName === "TEXTAREA"`)
	p.axe("the editor")
	p.do(chromedp.Evaluate(`document.activeElement.value = ""`, nil), chromedp.KeyEvent("changed <b>here</b>"))
	p.until("it is right", `document.getElementById("editnote").className === "dim"`)
	p.picture("live-editor.png", "#editor")
	p.do(chromedp.Click(`#editform button`, chromedp.ByQuery))
	p.until("the editor is closed", `!document.getElementById("editor").open`)
	p.do(chromedp.Evaluate(`{const h = document.getElementById("hold"); h.focus(); h.value = ""}`, nil), chromedp.KeyEvent(kb.Enter))
	p.do(chromedp.Evaluate(`document.getElementById("hold").blur()`, nil))
	p.do(chromedp.Click(`#queue form[method=dialog] button`, chromedp.ByQuery), chromedp.Focus("#list", chromedp.ByQuery), chromedp.KeyEvent("A"))
	p.until("nothing is held", `document.getElementById("heldbar").hidden`)
	p.slash()
	p.do(chromedp.KeyEvent(`"edited" in flags`), chromedp.KeyEvent(kb.Enter))
	p.until("the edited command", `document.querySelector("#list .signs").textContent.includes("✎")`)
	p.until("its text", `[...document.querySelectorAll("#about .said")].at(-1)?.textContent === "changed <b>here</b>"`)
	p.do(chromedp.KeyEvent("w"))
	want(p, `document.getElementById("saver").open`, true)
	p.axe("the form for saving")
}
