package ui

import (
	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/ui/model"
)

// modelOptions returns the options of the inspector's model. At first commands are checked by the
// rules that real programs keep.
func modelOptions(o *Options) model.Options {
	return model.Options{Live: o.Live, Now: o.Now, Lint: &lint.Options{Preset: lint.Observed}}
}

// lintSign returns the sign of a command that breaks a rule, after a blank; "" for any other.
func lintSign(m *model.Model, t *theme, e *session.Event) string {
	if len(m.Findings(e.N)) == 0 {
		return ""
	}
	return " " + t.g.lint
}

// broken adds the rules that the event breaks.
func (a *App) broken(s *sheet, e *session.Event) {
	found := a.model.Findings(e.N)
	for _, f := range found {
		style := s.t.mark
		if f.Severity == string(lint.Error) {
			style = s.t.fail
		}
		where := f.Severity
		if f.Section != "" {
			where += " §" + f.Section
		}
		s.add(seg{" " + s.t.g.lint + " " + f.Rule, style}, seg{"  " + where, s.t.dim})
		s.text(printable(f.Message), func(*theme) seg { return seg{style: style} })
	}
	if len(found) > 0 {
		s.blank()
	}
}

// lintChoices are the values of the setting lint: the presets, and none.
var lintChoices = append(lint.Presets(), "off")

func (a *App) lintChoice() string {
	if o := a.model.LintOptions(); o != nil {
		return string(o.Preset)
	}
	return "off"
}

func (a *App) setLint(value string) error {
	switch {
	case value == a.lintChoice():
	case value == "off":
		a.model.SetLint(nil)
	default:
		a.model.SetLint(&lint.Options{Preset: lint.Preset(value)})
	}
	return nil
}
