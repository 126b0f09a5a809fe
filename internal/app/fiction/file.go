package fiction

import (
	"bytes"
	"encoding/csv"
	"time"
)

// CustomerMap is the map file for CustomerFile; %s is the controller.
const CustomerMap = `version: 1
controller: %s
purpose: registration
delimiter: ","
date_format: YYYY-MM-DD
columns:
  No Pelanggan: {field: customer_number}
  Nama: {field: name}
  NIK: {field: nik}
  KK: {field: kk}
  Tgl Lahir: {field: birth_date}
  HP: {field: phone, registered_column: HP Sejak}
  HP Lain: {field: phone, registered_column: HP Lain Sejak}
  Surel: {field: email, registered_column: Surel Sejak}
  Alamat: {field: address}
  Nama Ibu: {field: mother_maiden_name}
  Rekening: {field: account_number}
  Kartu: {field: card_last_four}
  Polis: {field: policy_number}
  Kesehatan: {field: health_note}
`

// HistoryMap is the map file for HistoryFile; %s is the controller.
const HistoryMap = `version: 1
controller: %s
purpose: registration
delimiter: ","
date_format: YYYY-MM-DD
customer: No Pelanggan
kind: Jenis
date: Tanggal
value: Nilai
`

func dayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// CustomerFile writes people as the CSV file that CustomerMap reads.
func CustomerFile(people []Person) ([]byte, error) {
	rows := [][]string{{"No Pelanggan", "Nama", "NIK", "KK", "Tgl Lahir", "HP", "HP Sejak", "HP Lain", "HP Lain Sejak", "Surel", "Surel Sejak", "Alamat", "Nama Ibu", "Rekening", "Kartu", "Polis", "Kesehatan"}}
	for _, p := range people {
		var phones [2]Contact
		copy(phones[:], p.Phones)
		var email Contact
		if len(p.Emails) > 0 {
			email = p.Emails[0]
		}
		rows = append(rows, []string{
			p.Number, p.Name, p.NIK, p.KK, dayOf(p.Born), phones[0].Value, dayOf(phones[0].Registered), phones[1].Value, dayOf(phones[1].Registered),
			email.Value, dayOf(email.Registered), p.Address, p.Mother, p.Account, p.CardLastFour, p.Policy, p.HealthNote,
		})
	}
	return writeCSV(rows)
}

// HistoryFile writes their account history as the CSV file that HistoryMap reads.
func HistoryFile(people []Person) ([]byte, error) {
	rows := [][]string{{"No Pelanggan", "Jenis", "Tanggal", "Nilai"}}
	for _, p := range people {
		for _, f := range p.History {
			rows = append(rows, []string{p.Number, f.Kind, dayOf(f.Date), f.Value})
		}
	}
	return writeCSV(rows)
}

func writeCSV(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	err := w.WriteAll(rows)
	return b.Bytes(), err
}
