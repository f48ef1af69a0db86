package metrics

// intro and outro are the text around the table in docs/METRICS.md.
const (
	intro = `# Metrics and health

` + "`--metrics ADDR`" + ` on ` + "`proxy` and `serve`" + ` lets Prometheus and other programs see how the process is doing. Nothing listens
without it.

` + "```sh" + `
msnscope --headless --metrics 127.0.0.1:9464
msnscope serve --db accounts.db --metrics ./metrics.sock
curl http://127.0.0.1:9464/metrics
` + "```" + `

| path | answers |
|---|---|
| ` + "`/metrics`" + ` | the metrics below, and those of the Go runtime and the process, in the forms that Prometheus reads |
| ` + "`/healthz`" + ` | 200 while the process runs |
| ` + "`/readyz`" + ` | 200 if clients can connect, the database of ` + "`--db`" + ` can be written, and a node of a cluster is in touch with the majority, otherwise 503 and the reason; a write each second at most |

ADDR is HOST:PORT, or the path of a Unix socket, which has a slash and which only the process's user can open. Without a host it is
127.0.0.1. There is no password: whoever can connect sees the numbers. They hold no name, address or text of users, but name an
address that others reach only in a network that you trust. At most 129 connections are open at a time, headers may take 10 seconds.

Round trips are native histograms, which Prometheus stores with ` + "`scrape_native_histograms: true`" + `; in the text form they have a
count and a sum only. [grafana.json](grafana.json) is a dashboard to import into Grafana.

` + "```yaml" + `
scrape_configs:
  - job_name: msnscope
    scrape_native_histograms: true
    static_configs:
      - targets: ["127.0.0.1:9464"]
` + "```" + `

Metrics of a part that does not run are absent: ` + "`serve` has no `msnscope_proxy_`" + ` metrics, a proxy before another server none of
` + "`msnscope_server_`" + `. All counters begin at 0 with the process. What the labels hold:

| label | values |
|---|---|
| ` + "`command`" + ` | a verb of the command table, ` + "`error`" + ` for the numbers that are errors, ` + "`other`" + ` for everything else |
| ` + "`from`" + ` | the end that sent it: ` + "`client` or `server`" + ` |
| ` + "`role`" + ` | the kind of server: ` + "`DS`, `NS`, `SB`, `FT`" + ` for a file transfer, ` + "`unknown`" + ` |
| ` + "`flag`" + ` | as in ` + "`flags`" + ` of the JSON lines |
| ` + "`result`" + ` | ` + "`ok`, `wrong-password`, `referred`" + ` to another server, ` + "`refused`" + ` by a limit, ` + "`failed`" + ` in the store |
| ` + "`subscriber`" + ` | who reads the proxy's events: ` + "`recorder`, `log`" + ` of the inspector and the control API, ` + "`output`" + ` |

## All metrics

`
	outro = `
## Profiles

With ` + "`--control`" + `, the proxy serves Go's profiles under ` + "`/debug/pprof/`" + ` there, to whoever has the token: a profile of the heap has
passwords and messages in it.

` + "```sh" + `
curl --unix-socket ./proxy.sock -H "Authorization: Bearer $(cat ./proxy.sock.token)" -o heap.pprof http://msnscope/debug/pprof/heap
go tool pprof heap.pprof
` + "```" + `
`
)
