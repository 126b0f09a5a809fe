package app

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/amanah-id/amanah/internal/desk/act"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
	"github.com/amanah-id/amanah/internal/telephony"
	"github.com/amanah-id/amanah/internal/telephony/pbx"
	"github.com/amanah-id/amanah/internal/telephony/recorder"
)

// Exchanges are the connections that the configuration asks for. The controller is as the
// operator wrote it: a short name or an id.
func Exchanges(c *config.Config) (out []telephony.Connection) {
	t, ways := c.Telephony, waysOut(c)
	add := func(x telephony.Connection, d exchange) {
		x.Exchange = d
		if ways[x.Name].Trunk != "" {
			x.Dialler = d
		}
		if t.Recorder == string(recorder.Exchange) && d.CheckRecording() == nil {
			x.Recorder = d
		}
		out = append(out, x)
	}
	if t.AMI.Address != "" {
		x := pbx.AMI{Address: t.AMI.Address, Username: t.AMI.Username, Password: t.AMI.Password.Reveal(), Way: ways["ami"], Recording: t.AMI.Recording}
		add(telephony.Connection{Name: "ami", Address: t.AMI.Address, Mapping: "asterisk-ami", Controller: t.AMI.Controller}, x)
	}
	if t.ARI.URL != "" {
		x := pbx.ARI{URL: t.ARI.URL, Application: t.ARI.Application, Username: t.ARI.Username, Password: t.ARI.Password.Reveal(), Way: ways["ari"], Recording: t.ARI.Recording}
		add(telephony.Connection{Name: "ari", Address: t.ARI.URL, Mapping: "asterisk-ari", Controller: t.ARI.Controller}, x)
	}
	if t.ESL.Address != "" {
		x := pbx.ESL{Address: t.ESL.Address, Username: t.ESL.Username, Password: t.ESL.Password.Reveal(), Way: ways["esl"], Recording: t.ESL.Recording}
		add(telephony.Connection{Name: "esl", Address: t.ESL.Address, Mapping: "freeswitch-esl", Controller: t.ESL.Controller}, x)
	}
	return out
}

// exchange is what this program can ask of one.
type exchange interface {
	pbx.Exchange
	pbx.Dialler
	pbx.Recorder
	CheckRecording() error
}

// waysOut are the ways in which calls leave, by the connection's name.
func waysOut(c *config.Config) map[string]pbx.Way {
	t := c.Telephony
	return map[string]pbx.Way{
		"ami": {Trunk: t.AMI.Trunk, Context: t.AMI.Context, CallerID: t.AMI.CallerID},
		"ari": {Trunk: t.ARI.Trunk, Context: t.ARI.Context, CallerID: t.ARI.CallerID},
		"esl": {Trunk: t.ESL.Trunk, Context: t.ESL.Context, CallerID: t.ESL.CallerID},
	}
}

// lineOut is the exchange that makes calls of a controller for a member of staff.
func (h *House) lineOut(l *telephony.Library) func(ctx context.Context, controller, staff string) (act.LineOut, error) {
	return func(ctx context.Context, controller, staff string) (act.LineOut, error) {
		for _, x := range Exchanges(h.Config) {
			whose, err := h.controllerOf(ctx, x.Controller)
			if err != nil || whose != controller || x.Dialler == nil {
				continue
			}
			agent := l.Extension(staff)
			if agent == "" {
				return act.LineOut{}, act.ErrNoExtension
			}
			return act.LineOut{Line: "link/" + x.Name, Source: x.Mapping, Call: func(ctx context.Context, channel, number string) error {
				return x.Dialler.Call(ctx, pbx.Call{Channel: channel, Number: number, Agent: agent})
			}}, nil
		}
		return act.LineOut{}, act.ErrNoExchange
	}
}

// checkExchanges finds what is wrong with the connections' settings.
func checkExchanges(c *config.Config, wrong func(key, want string) error) error {
	t := c.Telephony
	for key, address := range map[string]string{"telephony.ami.address": t.AMI.Address, "telephony.esl.address": t.ESL.Address} {
		if _, _, err := net.SplitHostPort(address); address != "" && err != nil {
			return wrong(key, "host:port, pbx.example.co.id:5038")
		}
	}
	if u, err := url.Parse(t.ARI.URL); t.ARI.URL != "" && (err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https") {
		return wrong("telephony.ari.url", "https://pbx.example.co.id:8089/ari")
	}
	for _, x := range Exchanges(c) {
		if x.Controller == "" {
			return wrong("telephony."+x.Name+".controller", "utama")
		}
	}
	if err := checkRecorder(c, wrong); err != nil {
		return err
	}
	for name, w := range waysOut(c) {
		if w != (pbx.Way{}) && w.Check() != nil {
			return wrong("telephony."+name+".trunk", "trunk PJSIP/{number}@trunk, context agents, caller_id +62215550100")
		}
	}
	_, err := telephony.Load(t.Mappings)
	return err
}

// followExchanges keeps the connections until ctx ends. One whose company is not registered
// yet is asked for again each minute.
func (h *House) followExchanges(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for _, x := range Exchanges(h.Config) {
		all.Go(func() {
			for {
				controller, err := h.controllerOf(ctx, x.Controller)
				if err == nil {
					x.Controller = controller
					h.Telephony.Follow(ctx, x, telephony.Sleep)
					return
				}
				h.Logger.Warn("exchange", slog.String("link", x.Name), slog.String("code", errs.CodeOf(err)))
				if telephony.Sleep(ctx, time.Minute) != nil {
					return
				}
			}
		})
	}
}

// controllerOf is the id of a company by its short name or id.
func (h *House) controllerOf(ctx context.Context, name string) (controller string, err error) {
	if id.Is(id.Controller, name) {
		return name, nil
	}
	err = h.DB.Read(ctx, func(tx *db.Tx) (err error) {
		controller, err = h.Controller(tx, name)
		return err
	})
	return controller, err
}
