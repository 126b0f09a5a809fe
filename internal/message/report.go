package message

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/amanah-id/amanah/internal/kit/db"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/kit/id"
)

// CallbackSecret is the name of the keyring's secret with which a provider signs its reports,
// when the configuration names none.
func CallbackSecret(c Channel) string { return "message.status." + string(c) }

// receiptMAC is what is kept of a provider's name for a message: a keyed hash, since some
// providers put the number into it.
func (s *Service) receiptMAC(c Channel, receipt string) string {
	if receipt == "" {
		return ""
	}
	return hex.EncodeToString(s.o.Keys.MAC("message/receipt/"+string(c), []byte(receipt)))
}

// Reported takes a provider's report about messages. A report that the provider did not sign,
// or that is too old, changes nothing; one about a message that is still being handed over is
// asked for again (message.report_early); one that repeats another changes nothing. Delivered
// and failed are final: nothing that comes later takes them back.
func (s *Service) Reported(ctx context.Context, c Channel, h http.Header, body []byte) error {
	reporter, ok := s.o.Senders[c].(Reporter)
	if !ok {
		return errReport
	}
	reports, err := reporter.Reports(h, body, s.o.DB.Now())
	if err != nil {
		return err
	}
	var early bool
	err = s.o.DB.Write(ctx, func(tx *db.Tx) error {
		early = false
		for _, one := range reports {
			r, err := s.reportedRow(tx, c, one.ID)
			if errors.Is(err, errUnknown) {
				continue // erased since, or of another system behind the same account
			}
			if err != nil {
				return err
			}
			switch {
			case r.State == Sending:
				early = true
			case r.State != Sent:
			case one.Delivered:
				err = s.finish(tx, r, Delivered, "")
			default:
				err = s.finish(tx, r, Dead, "message.not_delivered")
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && early {
		err = errs.New(errs.Unavailable, "message.report_early")
	}
	return err
}

func (s *Service) reportedRow(tx *db.Tx, c Channel, named string) (*row, error) {
	var r *row
	var err error
	if id.Is(id.Message, named) {
		r, err = read(tx, named)
	} else {
		r, err = scan(tx.Data.Row(sqlReceipt, s.receiptMAC(c, named)))
		if errors.Is(err, db.ErrNoRows) {
			err = errUnknown
		}
	}
	if err == nil && r.Channel != c {
		err = errUnknown
	}
	return r, err
}
