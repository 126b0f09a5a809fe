package app

import (
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/amanah-id/amanah/internal/app/listener"
	"github.com/amanah-id/amanah/internal/desk/act"
	"github.com/amanah-id/amanah/internal/dlp/malware"
	"github.com/amanah-id/amanah/internal/kit/config"
	"github.com/amanah-id/amanah/internal/kit/errs"
	"github.com/amanah-id/amanah/internal/trust/catalog"
	"github.com/amanah-id/amanah/internal/trust/identity/scim"
)

// CheckConfig finds what is wrong with settings that are each well formed but do not go together.
func CheckConfig(c *config.Config) error {
	wrong := func(key, want string) error {
		return errs.New(errs.Invalid, "config.value").With("key", key).With("origin", c.Origin(key)).With("want", want)
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return wrong("listen", "host:port, 127.0.0.1:8443")
	}
	if c.Metrics.Listen != "" {
		if _, _, err := net.SplitHostPort(c.Metrics.Listen); err != nil {
			return wrong("metrics.listen", "host:port, 127.0.0.1:9464")
		}
	}
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			return wrong("url", "https://amanah.example.co.id")
		}
	}
	if _, err := networks(c.Proxy.Trusted); err != nil {
		return wrong("proxy.trusted", "10.0.0.0/8, 192.168.1.7/32")
	}
	if (c.TLS.Certificate == "") != (c.TLS.Key == "") {
		return errs.New(errs.Invalid, "app.tls_half")
	}
	if c.TLS.Off && !Loopback(host) && len(c.Proxy.Trusted) == 0 {
		return errs.New(errs.Invalid, "app.tls_off")
	}
	for key, u := range map[string]config.Secret{"database.url": c.Database.URL, "database.keys_url": c.Database.KeysURL, "database.index_url": c.Database.IndexURL} {
		if u != "" && !strings.HasPrefix(u.Reveal(), "postgres://") && !strings.HasPrefix(u.Reveal(), "postgresql://") {
			return wrong(key, "postgres://user@host/database")
		}
	}
	if _, err := Senders(c); err != nil {
		return err
	}
	if err := checkMail(c, wrong); err != nil {
		return err
	}
	if _, err := catalogueOf(c); err != nil {
		return err
	}
	if err := checkExchanges(c, wrong); err != nil {
		return err
	}
	if err := checkProxy(c, wrong); err != nil {
		return err
	}
	if c.Desk.ObjectWithin < act.ObjectWithin || c.Desk.ObjectWithin > 7*act.ObjectWithin { // who is asleep or abroad must have time
		return wrong("desk.contact_change_waits", "24h to 168h")
	}
	if c.Keys.Rotate < time.Hour || c.Keys.Rotate > 7*24*time.Hour { // erasure is complete with the epoch's end
		return wrong("keys.rotate_every", "1h … 168h")
	}
	if _, ok := scannerOf(c, nil); !ok {
		return wrong("malware.address", "127.0.0.1:3310, /run/clamav/clamd.ctl")
	}
	if c.DLP.Most < 1 || c.DLP.Most > 4096 {
		return wrong("dlp.stream_megabytes", "1 … 4096")
	}
	if c.Malware.Within <= 0 {
		return wrong("malware.within", "2m")
	}
	if c.Malware.Age < 0 {
		return wrong("malware.signature_age", "72h, 0s")
	}
	if (c.Witness.URL == "") != (c.Witness.Key == "") {
		return errs.New(errs.Invalid, "app.witness_half")
	}
	if c.OIDC.Issuer != "" {
		u, err := url.Parse(c.OIDC.Issuer)
		if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !Loopback(u.Hostname())) || u.RawQuery != "" || u.Fragment != "" {
			return wrong("oidc.issuer", "https://id.example.co.id/realms/staff")
		}
	}
	if (c.OIDC.Issuer == "") != (c.OIDC.ClientID == "") {
		return errs.New(errs.Invalid, "app.oidc_half")
	}
	for _, text := range c.SCIM.Groups {
		if _, ok := scim.ParseMapping(text); !ok {
			return wrong("scim.groups", "Agents=agent@utama, Team leaders=supervisor@utama+cabang")
		}
	}
	return nil
}

// catalogueOf is the catalogue of customers' fields: the deployment's own, or ours.
func catalogueOf(c *config.Config) (*catalog.Catalogue, error) {
	if c.Fields.File == "" {
		return catalog.Shipped(), nil
	}
	text, err := os.ReadFile(c.Fields.File)
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "config.value", err).With("key", "fields.file").With("origin", c.Origin("fields.file")).With("want", "fields.yaml")
	}
	return catalog.Load(text)
}

// scannerOf is the clamd that checks files; nil when there is none. false: its address is none.
func scannerOf(c *config.Config, now func() time.Time) (*malware.Clamd, bool) {
	if c.Malware.Address == "" {
		return nil, true
	}
	return malware.New(malware.Options{Address: c.Malware.Address, Within: c.Malware.Within, Age: c.Malware.Age, Now: now})
}

// networks reads a list of CIDRs.
func networks(list []string) (out []netip.Prefix, err error) {
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// Loopback reports whether only this machine reaches the host.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// Origin is the address under which browsers know this server.
func Origin(c *config.Config) string {
	if c.URL != "" {
		return strings.TrimRight(c.URL, "/")
	}
	scheme := "https"
	if c.TLS.Off {
		scheme = "http"
	}
	host, port, _ := net.SplitHostPort(c.Listen)
	if host == "" || Loopback(host) {
		host = "localhost" // passkeys need a name
	} else if a, err := netip.ParseAddr(host); err == nil && a.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// KeyFile is where the sealed root key lies.
func KeyFile(c *config.Config) string {
	if c.Keys.File != "" {
		return c.Keys.File
	}
	return filepath.Join(c.Data, "root.key")
}

// CertificateFiles are the configured ones, or the self-signed ones in the data folder.
func CertificateFiles(c *config.Config) (certificate, key string, own bool) {
	if c.TLS.Certificate != "" {
		return c.TLS.Certificate, c.TLS.Key, false
	}
	return filepath.Join(c.Data, "tls", "certificate.pem"), filepath.Join(c.Data, "tls", "key.pem"), true
}

// MakeCertificate makes the self-signed certificate when that is the one in use.
func MakeCertificate(c *config.Config, now time.Time) error {
	certificate, key, own := CertificateFiles(c)
	if !own || c.TLS.Off {
		return nil
	}
	u, err := url.Parse(Origin(c))
	if err != nil {
		return err
	}
	return listener.MakeCertificate(certificate, key, u.Hostname(), now)
}
