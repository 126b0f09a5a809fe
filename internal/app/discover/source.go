package discover

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver of SQLite
)

// Source is where to look: a database or a path.
type Source struct {
	Name    string // as it is shown: without user, password and options
	path    string // of files; empty: a database
	open    func(timeout time.Duration) (*sql.DB, error)
	dialect dialect
	secret  string // what must stand in no error
}

// WrongSourceError says why a source is none: the key of a text.
type WrongSourceError struct{ Key string }

func (e *WrongSourceError) Error() string { return e.Key }

// The reasons.
var (
	errPassword = &WrongSourceError{"discover.wrong_password"} // on the command line
	errDSN      = &WrongSourceError{"discover.wrong_dsn"}
	errNothing  = &WrongSourceError{"discover.wrong_path"}
)

// Parse reads a source. Only one that does not come from the command line may hold a password.
func Parse(text string, commandLine bool) (Source, error) {
	scheme, rest, _ := strings.Cut(text, ":")
	switch scheme {
	case "postgres", "postgresql", "mysql", "mariadb":
	case "sqlite":
		return sqliteSource(strings.TrimPrefix(rest, "//"))
	default:
		switch {
		case !exists(text):
			return Source{}, errNothing
		case isSQLite(text):
			return sqliteSource(text)
		}
		return Source{Name: text, path: text}, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return Source{}, errDSN // the error would quote the password
	}
	password, has := u.User.Password()
	if !has {
		password = u.Query().Get("password")
	}
	if password != "" && commandLine {
		return Source{}, errPassword
	}
	s := Source{Name: scheme + "://" + u.Host + u.EscapedPath(), secret: password}
	if scheme == "mysql" || scheme == "mariadb" {
		return mysqlSource(s, u)
	}
	return postgresSource(s, text)
}

func postgresSource(s Source, text string) (Source, error) {
	c, err := pgx.ParseConfig(text)
	if err != nil {
		return Source{}, errDSN
	}
	s.dialect, s.secret = postgres{}, c.Password // or that of the environment, or of ~/.pgpass
	s.open = func(timeout time.Duration) (*sql.DB, error) {
		milliseconds := strconv.FormatInt(timeout.Milliseconds(), 10)
		for name, value := range map[string]string{
			"default_transaction_read_only": "on", "statement_timeout": milliseconds, "lock_timeout": "2000", "idle_in_transaction_session_timeout": "60000",
			"row_security":     "off", // a table whose rows a policy would hide is refused, not read in part
			"application_name": "amanah discover",
		} {
			c.RuntimeParams[name] = value
		}
		c.ConnectTimeout = connectWithin
		c.DefaultQueryExecMode = pgx.QueryExecModeExec // a key goes back as the text that it came as, and the server knows its type
		return stdlib.OpenDB(*c), nil
	}
	return s, nil
}

// connectWithin bounds the wait for a server.
const connectWithin = 10 * time.Second

func mysqlSource(s Source, u *url.URL) (Source, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.DBName = u.User.Username(), s.secret, "tcp", strings.TrimPrefix(u.Path, "/")
	c.Addr = u.Host
	if u.Port() == "" {
		c.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	c.TLSConfig = "true"
	if address, err := netip.ParseAddr(u.Hostname()); u.Hostname() == "localhost" || err == nil && address.IsLoopback() {
		c.TLSConfig = "false" // nobody listens on this machine
	}
	switch tls := u.Query().Get("tls"); tls {
	case "":
	case "true", "false", "skip-verify", "preferred":
		c.TLSConfig = tls
	default:
		return Source{}, errDSN
	}
	c.Timeout, c.Logger = connectWithin, &mysql.NopLogger{}
	if socket := u.Query().Get("socket"); socket != "" {
		c.Net, c.Addr, c.TLSConfig = "unix", socket, "false"
	}
	s.dialect = mariadb{}
	s.open = func(timeout time.Duration) (*sql.DB, error) {
		c.ReadTimeout = timeout + connectWithin
		connector, err := mysql.NewConnector(c)
		if err != nil {
			return nil, err
		}
		return sql.OpenDB(connector), nil
	}
	return s, nil
}

func sqliteSource(path string) (Source, error) {
	if !isSQLite(path) {
		return Source{}, errNothing
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return Source{}, errNothing
	}
	return Source{Name: "sqlite:" + path, dialect: sqlite{}, open: func(time.Duration) (*sql.DB, error) {
		u := url.URL{Scheme: "file", OmitHost: true, Path: full,
			RawQuery: "mode=ro&_pragma=query_only(1)&_pragma=trusted_schema(0)&_pragma=cell_size_check(1)&_pragma=busy_timeout(2000)&_pragma=cache_size(-8000)"}
		return sql.Open("sqlite", u.String())
	}}, nil
}

// isSQLite says whether a file is a database of SQLite, by its first bytes.
func isSQLite(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == magic
}

// quiet is an error without the password, which no driver should write into one, but it is the operator's and not theirs.
func (s Source) quiet(err error) error {
	text := err.Error()
	for _, secret := range []string{s.secret, url.QueryEscape(s.secret), url.PathEscape(s.secret)} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return errors.New(text)
}

// opened opens a database and its one connection.
func (s Source) opened(ctx context.Context, timeout time.Duration) (*sql.DB, error) {
	d, err := s.open(timeout)
	if err != nil {
		return nil, err
	}
	d.SetMaxOpenConns(1)
	ctx, cancel := context.WithTimeout(ctx, connectWithin+timeout)
	defer cancel()
	err = d.PingContext(ctx)
	if err == nil {
		err = s.dialect.begin(ctx, d, timeout)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}
