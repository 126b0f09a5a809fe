package app

import (
	"encoding/hex"
	"io"
	"net"
	"os"
	"strconv"

	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/message"
	"github.com/amanah-id/amanah/internal/trust/keyring"
)

// Senders are the channels on which messages can leave by the configuration. A fault names
// its key.
func Senders(cfg *config.Config) (map[message.Channel]message.Sender, error) {
	out := map[message.Channel]message.Sender{}
	wrong := func(key, want string) error {
		return errs.New(errs.Invalid, "config.value").With("key", key).With("origin", cfg.Origin(key)).With("want", want)
	}
	if cfg.SMTP.Address != "" {
		host, port, err := net.SplitHostPort(cfg.SMTP.Address)
		number, noNumber := strconv.Atoi(port)
		if err != nil || noNumber != nil || host == "" || number < 1 || number > 65535 {
			return nil, wrong("smtp.address", "host:port, mail.example.co.id:587")
		}
		s := &message.SMTP{
			Host: host, Port: number, Encryption: message.Encryption(cfg.SMTP.Encryption), From: cfg.SMTP.From, FromName: cfg.Name, Username: cfg.SMTP.Username,
			Password: func() (string, error) { return cfg.SMTP.Password.Reveal(), nil },
		}
		switch err := s.Check(); errs.CodeOf(err) {
		case "":
		case "message.smtp_from_unusable":
			return nil, wrong("smtp.from", "amanah@example.co.id")
		case "message.smtp_not_encrypted":
			return nil, wrong("smtp.encryption", "starttls | tls")
		default:
			return nil, err
		}
		if cfg.SMTP.Username != "" && cfg.SMTP.Password == "" {
			return nil, wrong("smtp.password", "secret")
		}
		out[message.Email] = s
	}
	for channel, g := range map[message.Channel]config.Gateway{message.SMS: cfg.SMS, message.WhatsApp: cfg.WhatsApp, message.Push: cfg.Push} {
		if g.File == "" {
			if g.Secret != "" || g.StatusSecret != "" {
				return nil, wrong(string(channel)+".gateway", "gateway.yaml")
			}
			continue
		}
		text, err := readDefinition(g.File)
		if err != nil {
			return nil, wrong(string(channel)+".gateway", "gateway.yaml")
		}
		d, err := message.LoadDefinition(text)
		if err != nil {
			return nil, errs.Of(err).With("key", string(channel)+".gateway")
		}
		out[channel] = &message.Gateway{Definition: d, Secret: func() (string, error) { return g.Secret.Reveal(), nil }}
	}
	if cfg.Origin("message.phone") != "default" && out[message.Channel(cfg.Message.Phone)] == nil {
		return nil, wrong("message.phone", cfg.Message.Phone+".gateway")
	}
	return out, nil
}

// readDefinition reads a gateway's file, at most as much of it as one may hold.
func readDefinition(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, 1<<20))
}

// StatusKey is the key with which a provider signs its reports on a channel: the configured
// one, or the deployment's own, whose hexadecimal letters are the key, since the forms of
// providers take text.
func StatusKey(cfg *config.Config, keys *keyring.Keyring, c message.Channel) ([]byte, error) {
	for channel, g := range map[message.Channel]config.Gateway{message.SMS: cfg.SMS, message.WhatsApp: cfg.WhatsApp, message.Push: cfg.Push} {
		if channel == c && g.StatusSecret != "" {
			return []byte(g.StatusSecret.Reveal()), nil
		}
	}
	secret, err := keys.Secret(message.CallbackSecret(c))
	if err != nil {
		return nil, err
	}
	return []byte(hex.EncodeToString(secret)), nil
}

// senders are those of the house: the demonstration's inbox, or what is configured, with the
// keys of the providers' reports.
func senders(cfg *config.Config, keys *keyring.Keyring, inbox *message.Inbox) (map[message.Channel]message.Sender, error) {
	if inbox != nil {
		return map[message.Channel]message.Sender{message.Email: inbox, message.SMS: inbox}, nil
	}
	out, err := Senders(cfg)
	for channel, sender := range out {
		if g, ok := sender.(*message.Gateway); ok {
			g.Sign = func(parts ...[]byte) ([]byte, error) {
				key, err := StatusKey(cfg, keys, channel)
				if err != nil {
					return nil, err
				}
				return keyring.Signature(key, parts...), nil
			}
		}
	}
	return out, err
}
