package i18n

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The three time zones of Indonesia. The country has no daylight saving time, so a fixed
// offset is exact and no zone database has to be installed.
var (
	WIB  = time.FixedZone("WIB", 7*3600)  // western: Jakarta
	WITA = time.FixedZone("WITA", 8*3600) // central: Makassar, Denpasar
	WIT  = time.FixedZone("WIT", 9*3600)  // eastern: Jayapura
)

// Zone finds a zone by its Indonesian name (WIB, WITA, WIT), "UTC", or, where the machine
// has a zone database, its IANA name.
func Zone(name string) (*time.Location, error) {
	switch name {
	case "", "WIB", "Asia/Jakarta", "Asia/Pontianak":
		return WIB, nil
	case "WITA", "Asia/Makassar":
		return WITA, nil
	case "WIT", "Asia/Jayapura":
		return WIT, nil
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("unknown time zone: %w", err)
	}
	return z, nil
}

var months = map[Lang][12]string{
	ID: {"Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November", "Desember"},
	EN: {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// Date writes a day: 23 November 2026. A zero time is a dash.
func (p *Printer) Date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.In(p.zone)
	return strconv.Itoa(t.Day()) + " " + months[p.lang][t.Month()-1] + " " + strconv.Itoa(t.Year())
}

// Apart writes days no longer than it takes to tell them apart: by the year, else by the day, and what is alike even then by a
// number behind it. A day that is not known is written as the text for that.
func (p *Printer) Apart(days []time.Time, unknown string) []string {
	year := func(t time.Time) string { return strconv.Itoa(t.In(p.zone).Year()) }
	out := make([]string, len(days))
	for _, write := range []func(time.Time) string{year, p.Date} {
		alike := map[string]int{}
		for i, t := range days {
			if out[i] = unknown; !t.IsZero() {
				out[i] = write(t)
			}
			alike[out[i]]++
		}
		if len(alike) == len(days) {
			return out
		}
	}
	met := map[string]int{}
	for i, text := range out {
		if met[text]++; met[text] > 1 {
			out[i] += " (" + strconv.Itoa(met[text]) + ")"
		}
	}
	return out
}

// Day is when the day of a form, which names none of our zones, begins where the reader is; zero for none.
func (p *Printer) Day(day time.Time) time.Time {
	if day.IsZero() {
		return day
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, p.zone)
}

// Time writes the time of day with its zone: 15.04 WIB in Indonesian, 15:04 WIB in English.
func (p *Printer) Time(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.In(p.zone)
	if p.lang == ID {
		return t.Format("15.04 MST")
	}
	return t.Format("15:04 MST")
}

// Clock is Time with seconds: 15.04.05 WIB. Evidence is read to the second.
func (p *Printer) Clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.In(p.zone)
	if p.lang == ID {
		return t.Format("15.04.05 MST")
	}
	return t.Format("15:04:05 MST")
}

// DateTime writes day and time: 23 November 2026 15.04 WIB.
func (p *Printer) DateTime(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return p.Date(t) + " " + p.Time(t)
}

// Number writes an integer with thousands apart: 1.234.567 in Indonesian, 1,234,567 in English.
func (p *Printer) Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if len(s) <= 3 {
		return sign + s
	}
	mark := byte('.')
	if p.lang == EN {
		mark = ','
	}
	var b strings.Builder
	b.WriteString(sign)
	for i := range len(s) {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(mark)
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Rupiah writes an amount in whole rupiah: Rp1.234.567 (EYD V) in Indonesian, IDR 1,234,567 in English.
func (p *Printer) Rupiah(n int64) string {
	if p.lang == EN {
		if n < 0 {
			return "-IDR " + p.Number(-n)
		}
		return "IDR " + p.Number(n)
	}
	if n < 0 {
		return "-Rp" + p.Number(-n)
	}
	return "Rp" + p.Number(n)
}

var units = map[Lang][4]string{
	ID: {"hr", "jam", "mnt", "dtk"},
	EN: {"d", "h", "min", "s"},
}

// Duration writes a length of time in at most two units: 2 jam 5 mnt; 45 dtk.
func (p *Printer) Duration(d time.Duration) string {
	if d < 0 {
		return "-" + p.Duration(-d)
	}
	seconds := int64(d / time.Second)
	amounts := [4]int64{seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60}
	for i, n := range amounts {
		if n == 0 && i < 3 {
			continue
		}
		s := strconv.FormatInt(n, 10) + " " + units[p.lang][i]
		if i < 3 && amounts[i+1] > 0 {
			s += " " + strconv.FormatInt(amounts[i+1], 10) + " " + units[p.lang][i+1]
		}
		return s
	}
	return ""
}
