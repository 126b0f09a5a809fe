package app

import (
	"context"
	"net/url"
	"os"
	"slices"

	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/supervision"
	"github.com/amanah-id/amanah/internal/telephony"
	"github.com/amanah-id/amanah/internal/telephony/pbx"
	"github.com/amanah-id/amanah/internal/telephony/recorder"
	"github.com/amanah-id/amanah/internal/trust/actor"
)

// recorderOf is the room that pauses the recorders of calls, as the operator has written down who records them. The
// demonstration has no exchange: a stand-in acknowledges in its place, unless the operator says otherwise.
func recorderOf(h *House, duty actor.Actor, b building) *recorder.Service {
	o := recorder.Options{DB: h.DB, Log: h.Audit, Interactions: h.Interactions, Seal: staffSeal(h.Keys), Use: recorder.Use(h.Config.Telephony.Recorder), Duty: duty, Logger: b.log}
	if o.Use == recorder.Unset && b.demo {
		o.Use, o.Of = recorder.Exchange, func(string) recorder.Recorder { return recorder.StandIn{} }
		return recorder.New(o)
	}
	by := Recorders(h.Config)
	o.Of = func(line string) recorder.Recorder {
		if r, there := by[line]; there {
			return r
		}
		return by[everyLine]
	}
	return recorder.New(o)
}

// everyLine stands for all lines, and for contacts begun by hand.
const everyLine = "*"

// Recorders are those that the configuration names, by the line on which the events of their contacts come in.
func Recorders(c *config.Config) map[string]recorder.Recorder {
	by := map[string]recorder.Recorder{}
	switch t := c.Telephony; recorder.Use(t.Recorder) {
	case recorder.Exchange:
		for _, x := range Exchanges(c) {
			if x.Recorder != nil {
				by["link/"+x.Name] = recorder.OfExchange(x.Recorder)
			}
		}
	case recorder.HTTP:
		w := recorder.Web{URL: t.RecorderURL, Key: []byte(t.RecorderKey.Reveal())}
		if t.RecorderFile != "" {
			v, err := vendorOf(t.RecorderFile)
			if err != nil {
				return by // the configuration was checked, and the file is gone since: nothing can be paused
			}
			w.URL, w.Vendor = v.URL, &v
		}
		by[everyLine] = w
	}
	return by
}

// vendorOf reads how a vendor wants to be asked.
func vendorOf(file string) (recorder.Vendor, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return recorder.Vendor{}, errs.Wrap(errs.Invalid, "config.value", err).With("key", "telephony.recorder_file").With("origin", file).With("want", "twilio.yaml")
	}
	return recorder.ParseVendor(text)
}

// checkRecorder finds what is wrong with the recorder's settings.
func checkRecorder(c *config.Config, wrong func(key, want string) error) error {
	t := c.Telephony
	for name, x := range map[string]interface{ CheckRecording() error }{"ari": pbx.ARI{Recording: t.ARI.Recording}, "esl": pbx.ESL{Recording: t.ESL.Recording}} {
		if given := map[string]string{"ari": t.ARI.Recording, "esl": t.ESL.Recording}[name]; given != "" && x.CheckRecording() != nil {
			return wrong("telephony."+name+".recording", map[string]string{"ari": "call-{channel}", "esl": "/var/lib/freeswitch/recordings/{channel}.wav"}[name])
		}
	}
	switch recorder.Use(t.Recorder) {
	case recorder.Exchange:
		if len(Recorders(c)) == 0 { // nothing could ever be paused
			return wrong("telephony.recorder", "none | http, or an exchange whose recording is set")
		}
	case recorder.HTTP:
		address := t.RecorderURL
		if t.RecorderFile != "" {
			v, err := vendorOf(t.RecorderFile)
			if err != nil {
				return err
			}
			address = v.URL
		}
		u, err := url.Parse(address)
		near := err == nil && (Loopback(u.Hostname()) || slices.Contains(t.Allow, u.Hostname()))
		if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !near) {
			return wrong("telephony.recorder_url", "https://recorder.example.co.id/amanah")
		}
		if t.RecorderFile == "" && len(t.RecorderKey.Reveal()) < 32 {
			return wrong("telephony.recorder_key", "32+")
		}
	}
	return nil
}

// unresumed are the alerts about recorders that have not gone on.
func (h *House) unresumed(tx *db.Tx, controllers []string) (out []supervision.Alert, err error) {
	for _, controller := range controllers {
		list, err := h.Recorder.Alarms(tx, controller)
		if err != nil {
			return nil, err
		}
		for _, sp := range list {
			out = append(out, supervision.Alert{Kind: "recorder", Interaction: sp.Interaction, Controller: sp.Controller, Staff: sp.Staff, At: sp.Left})
		}
	}
	return out, nil
}

// unrecorded reports whether a call's recorder has not gone on after a capture.
func (h *House) unrecorded(ctx context.Context, itx string) (stuck bool, err error) {
	err = h.DB.Read(ctx, func(tx *db.Tx) (err error) {
		_, stuck, err = h.Recorder.Stuck(tx, itx)
		return err
	})
	return stuck, err
}

// CheckRecorder pauses the recorder that is reached over HTTP and has it go on, without a call: one that knows of no such call
// has been reached, and has taken the signature.
func CheckRecorder(ctx context.Context, c *config.Config) telephony.Checked {
	r, there := Recorders(c)[everyLine]
	t := recorder.Target{Span: "check", Interaction: "check", Staff: "check", Contact: "check"}
	steps := telephony.CheckRecorder(ctx, func(ctx context.Context, pause bool) error {
		if !there {
			return errs.New(errs.Unavailable, "recorder.unreachable")
		}
		do := r.Resume
		if pause {
			do = r.Pause
		}
		err := do(ctx, t)
		if errs.KindOf(err) == errs.NotFound {
			err = nil
		}
		return err
	})
	return telephony.Checked{Name: "recorder", Address: c.Telephony.RecorderURL, Steps: steps, OK: steps[0].Result == telephony.StepGood && steps[1].Result == telephony.StepGood}
}
