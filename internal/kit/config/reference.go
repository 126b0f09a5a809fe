package config

import (
	"fmt"
	"strings"
)

// Reference writes the reference page in a language, "id" or "en".
func Reference(lang string) string {
	var b strings.Builder
	if lang == "id" {
		b.WriteString(`# Konfigurasi

Halaman ini dibuat dari kode (` + "`make gen`" + `); sebuah uji menjaganya tetap benar.

Nilai diambil dari tempat pertama yang memilikinya: baris perintah, variabel lingkungan, berkas yang disebut variabel ` + "`…_FILE`" + `,
kredensial systemd (hanya rahasia), berkas konfigurasi (` + "`--config`" + ` atau ` + "`AMANAH_CONFIG`" + `, bawaannya ` + "`amanah.yaml`" + `), lalu nilai bawaan.
Kunci yang tidak dikenal ditolak. ` + "`amanah config show`" + ` mencetak setiap nilai beserta asalnya.

| Kunci | Variabel | Jenis | Bawaan | Kegunaan |
|---|---|---|---|---|
`)
	} else {
		b.WriteString(`# Configuration

This page is made from the code (` + "`make gen`" + `); a test keeps it true.

A value comes from the first place that has it: command line, environment, the file that a ` + "`…_FILE`" + ` variable names,
systemd credential (secrets only), configuration file (` + "`--config`" + ` or ` + "`AMANAH_CONFIG`" + `, by default ` + "`amanah.yaml`" + `), default.
Unknown keys are refused. ` + "`amanah config show`" + ` prints every value with its origin.

| Key | Variable | Kind | Default | What it is for |
|---|---|---|---|---|
`)
	}
	for _, k := range keys {
		def, text := k.def, k.en
		if def != "" {
			def = "`" + def + "`"
		}
		if lang == "id" {
			text = k.id
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s |\n", k.name, k.env(), strings.ReplaceAll(k.want(), "|", `\|`), def, text)
	}
	return b.String()
}
