package session_test
import ("testing";"github.com/msnscope/msnscope/decode/session";"github.com/msnscope/msnscope/decode/dialect")
func TestZZ(t *testing.T){ for _,x:=range dialect.All(){ t.Log(x.Name()); for i,v:=range session.Rules(x){ t.Log(i,v)}} }
