package act

import (
	"context"
	"net/http"
	"time"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/i18n"
	"github.com/amanah-id/amanah/internal/telephony/recorder"
	"github.com/amanah-id/amanah/internal/trust/actor"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/gate"
	"github.com/amanah-id/amanah/internal/web"
)

// unheard refuses to take a field down while a recorder may run that must not hear it, and any other field than the one for
// which it is paused.
func (s *Service) unheard(tx *db.Tx, a actor.Actor, itx string, facts gate.Facts, field, action string) (*errs.E, error) {
	f, _ := s.o.Catalogue.Field(field)
	if !s.quiet(f, facts.Interaction.Channel) && facts.Interaction.State != gate.Capture {
		return nil, nil
	}
	no, err := s.o.Recorder.May(tx, a, itx, field)
	if err != nil || no == nil {
		return nil, err
	}
	return no, s.refuse(tx, a, itx, facts, field, action, no)
}

// quiet reports whether a field is taken down on this channel only while a recorder is paused.
func (s *Service) quiet(f catalog.Field, channel string) bool {
	return f.Unrecorded && s.o.Recorder.Needs(channel)
}

// taken reports whether an agent takes a field down at all: specific and secret data is typed by the customer alone.
func taken(f catalog.Field) bool { return f.Class != catalog.Specific && f.Class != catalog.Secret }

// Capture has the recorder of the call paused and opens one field. A refusal comes back as the error with its entry written;
// the field is then shut. also runs in the transaction in which it opens.
func (s *Service) Capture(ctx context.Context, a actor.Actor, itx, field string, also ...func(*db.Tx, recorder.Span) error) (recorder.Span, error) {
	if s.reached(field) {
		return recorder.Span{}, errIsContact
	}
	return s.o.Recorder.Begin(ctx, a, recorder.Wish{Interaction: itx, Field: field,
		Allow: func(tx *db.Tx) (recorder.About, *errs.E, error) {
			facts, no, err := s.ask(tx, a, itx, field, "capture")
			about := facts.Interaction
			if f, _ := s.o.Catalogue.Field(field); err == nil && no == nil {
				switch {
				case !taken(f):
					no = errSensitive
				case !s.quiet(f, about.Channel):
					no = errHeard
				}
				if no != nil {
					err = s.refuse(tx, a, itx, facts, field, "act.capture", no)
				}
			}
			return recorder.About{Controller: about.Controller, Subject: about.Subject, Purpose: about.Purpose, Channel: about.Channel, Level: facts.Level}, no, err
		},
		Settle: func(tx *db.Tx, sp recorder.Span) error {
			for _, do := range also {
				if err := do(tx, sp); err != nil {
					return err
				}
			}
			return nil
		}})
}

// recording is what the pages show of a call's recorder.
type recording struct {
	Open  *recorder.Span // it is paused for this field
	Stuck *recorder.Span // it was told to go on, and has not said that it does
}

func (s *Service) recordingOf(tx *db.Tx, a actor.Actor, itx string) (out recording, err error) {
	if f, err := s.o.Interactions.Facts(tx, itx); err != nil || f.Agent != a.ID() {
		return out, err
	}
	sp, there, err := s.o.Recorder.Capturing(tx, itx)
	if there {
		out.Open = &sp
	}
	if err != nil || there {
		return out, err
	}
	if sp, there, err = s.o.Recorder.Stuck(tx, itx); there {
		out.Stuck = &sp
	}
	return out, err
}

// CapturePage is the screen while the recorder is paused: the bar, one field, save or leave.
type CapturePage struct {
	Call   string
	Field  string
	Label  string
	Since  time.Time
	Until  time.Time
	Stamp  string
	Value  web.Input
	Leave  web.Action
	Notice *web.Notice
}

func capturePage(p *i18n.Printer, c *catalog.Catalogue, sp recorder.Span) CapturePage {
	f, _ := c.Field(sp.Field)
	label := f.Label.In(p.Lang())
	return CapturePage{Call: sp.Interaction, Field: sp.Field, Label: label, Since: sp.Paused, Until: sp.Until, Stamp: sp.ID,
		Value: web.Input{Name: "value", Label: p.T("act.capture_value", "field", label), Type: "text", Required: true, Max: maxValue, Autofocus: true, ID: "f-capture-value",
			Hint: p.T("act.capture_hint")},
		Leave: web.Action{To: "/calls/" + sp.Interaction + "/capture/leave", Button: web.Button{Style: "quiet", Label: p.T("act.capture_leave"), Key: "k"}}}
}

func (s *Service) showCapture(r *web.Request) error {
	itx := r.Path("interaction")
	o, err := s.Changes(r.Context(), r.Actor, itx)
	if err != nil {
		return err
	}
	now := o.Recording
	if now.Open == nil && r.Partial() { // not a redirection: an own save may be on its way to the next page
		return s.captureOver(r, itx)
	}
	if now.Open == nil {
		return r.Redirect("/calls/" + itx + "/acts")
	}
	page := capturePage(r.Printer(), s.o.Catalogue, *now.Open)
	if r.Partial() {
		if r.HTTP.Header.Get("If-None-Match") == `"`+page.Stamp+`"` {
			r.Writer.WriteHeader(http.StatusNotModified)
			return nil
		}
		return r.Fragment("act_capture", page)
	}
	return r.Render(page)
}

// showRecording is the part of a page that says whether the recording goes on.
func (s *Service) showRecording(r *web.Request) error {
	o, err := s.Changes(r.Context(), r.Actor, r.Path("interaction"))
	now := o.Recording
	switch {
	case err != nil:
		return err
	case !r.Partial():
		return r.Redirect("/calls/" + r.Path("interaction") + "/acts")
	case now.Stuck != nil:
		return r.Fragment("act_recording", RecordingPart{r.Path("interaction"), stuckNotice(r.Printer())})
	}
	return r.Fragment("act_recording", RecordingPart{r.Path("interaction"), &web.Notice{Tone: web.Good, Title: r.T("act.resumed")}})
}

// RecordingPart says whether the recording of a call goes on after a capture.
type RecordingPart struct {
	Call   string
	Notice *web.Notice
}

// CaptureOver stands in the field's place once it is closed: why, and the way on.
type CaptureOver struct {
	Call   string
	Notice web.Notice
	Back   web.Link
}

func (s *Service) captureOver(r *web.Request, itx string) error {
	var list []recorder.Span
	err := s.o.DB.Read(r.Context(), func(tx *db.Tx) (err error) {
		list, err = s.o.Recorder.Spans(tx, itx)
		return err
	})
	if err != nil {
		return err
	}
	reason := ""
	if len(list) > 0 {
		reason = list[len(list)-1].Reason
	}
	return r.Fragment("act_capture_over", captureOver(r.Printer(), itx, reason))
}

func captureOver(p *i18n.Printer, itx, reason string) CaptureOver {
	over := CaptureOver{Call: itx, Notice: web.Notice{Tone: web.Info, Title: p.T("act.capture_over")}, Back: web.Link{To: "/calls/" + itx + "/acts", Label: p.T("act.capture_on"), Key: "h"}}
	if p.Has(reason) {
		over.Notice.Text = p.Bare(reason)
	}
	return over
}

func (s *Service) postCapture(r *web.Request) error {
	var form struct {
		Field string `form:"field" max:"60" required:"true"`
	}
	if err := r.Decode(&form); err != nil {
		return err
	}
	itx := r.Path("interaction")
	if _, err := s.Capture(r.Context(), r.Actor, itx, form.Field); err != nil {
		return s.refused(r, err)
	}
	return r.Redirect("/calls/" + itx + "/capture")
}

func (s *Service) postLeave(r *web.Request) error {
	if err := r.Decode(&struct{}{}); err != nil {
		return err
	}
	itx := r.Path("interaction")
	if err := s.o.Recorder.Cancel(r.Context(), r.Actor, itx); err != nil {
		return err
	}
	r.Flash("act.capture_left")
	return r.Redirect("/calls/" + itx + "/acts")
}

// stuckNotice says that the recording has not gone on.
func stuckNotice(p *i18n.Printer) *web.Notice {
	return &web.Notice{Tone: web.Bad, Title: p.T("act.not_resumed"), Text: p.T("act.not_resumed_next")}
}

// JSON: the same verbs.

type captureInput struct {
	CallPath
	Body struct {
		Field string `json:"field" maxLength:"60" doc:"A field that is taken down only while no recorder runs"`
	}
}

type captureBody struct {
	ID      string     `json:"id"`
	Field   string     `json:"field"`
	State   string     `json:"state" enum:"asked,open,failed,leaving,settling,closed" doc:"open: the recorder has acknowledged that it is paused. leaving: it has not said yet that it goes on"`
	Reason  string     `json:"reason,omitempty" doc:"Why it ended"`
	Staff   string     `json:"staff"`
	Asked   time.Time  `json:"asked_at"`
	Paused  *time.Time `json:"paused_at,omitempty" doc:"When the recorder acknowledged the pause"`
	Until   *time.Time `json:"until,omitempty" doc:"When the capture ends by itself"`
	Resumed *time.Time `json:"resumed_at,omitempty" doc:"When the recorder acknowledged that it goes on"`
}

type captureOutput struct{ Body captureBody }

type capturesOutput struct {
	Body struct {
		Captures []captureBody `json:"captures" doc:"The oldest first"`
	}
}

func captureOf(sp recorder.Span) captureBody {
	at := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	return captureBody{sp.ID, sp.Field, string(sp.State), sp.Reason, sp.Staff, sp.Asked, at(sp.Paused), at(sp.Until), at(sp.Resumed)}
}

func (s *Service) captureOperations(rt *web.Router, acc web.Access) {
	const path = "/interactions/{interaction}/captures"
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: path, Summary: "Have the call's recorder paused and open one field; answers once the recorder has acknowledged", Access: acc, Status: http.StatusCreated, Idempotent: true},
		func(ctx context.Context, c web.Call, in *captureInput) (*captureOutput, error) {
			made, err := s.Capture(ctx, c.Actor, in.Interaction, in.Body.Field, func(tx *db.Tx, sp recorder.Span) error { return c.Settle(tx, &captureOutput{captureOf(sp)}) })
			if err != nil {
				return nil, err
			}
			return &captureOutput{captureOf(made)}, nil
		})
	web.Operation(rt, web.Op{Method: http.MethodGet, Path: path, Summary: "The spans of a call in which its recorder was paused", Access: acc},
		func(ctx context.Context, c web.Call, in *CallPath) (*capturesOutput, error) {
			if _, err := s.Changes(ctx, c.Actor, in.Interaction); err != nil {
				return nil, err
			}
			out := &capturesOutput{}
			err := s.o.DB.Read(ctx, func(tx *db.Tx) error {
				out.Body.Captures = []captureBody{}
				list, err := s.o.Recorder.Spans(tx, in.Interaction)
				for _, sp := range list {
					out.Body.Captures = append(out.Body.Captures, captureOf(sp))
				}
				return err
			})
			return out, err
		})
	web.Operation(rt, web.Op{Method: http.MethodPost, Path: path + "/end", Summary: "Leave the capture without a value; the recorder goes on", Access: acc, Unkeyed: "a capture that is over stays over"},
		func(ctx context.Context, c web.Call, in *CallPath) (*struct{}, error) {
			return nil, s.o.Recorder.Cancel(ctx, c.Actor, in.Interaction)
		})
}
