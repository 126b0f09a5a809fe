package command

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/amanah-id/amanah/internal/kit/errs"
)

// command makes a command; name is that of its texts: command.help_NAME in one line and, where there is one,
// command.long_NAME at length.
func (c *cli) command(use, name string, args cobra.PositionalArgs, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: c.t("command.help_" + name), Args: args, RunE: run}
	if long := "command.long_" + name; c.words().Has(long) {
		cmd.Long = c.t(long)
	}
	return cmd
}

// group is a command that only groups others.
func (c *cli) group(use string) *cobra.Command {
	return c.command(use, use, c.onlyCommands, func(cmd *cobra.Command, _ []string) error { return cmd.Help() })
}

// examples are command lines, each with what it is for: a line and the name of its text by turns.
func (c *cli) examples(pairs ...string) string {
	var out strings.Builder
	t := tabwriter.NewWriter(&out, 0, 0, 3, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(t, "  %s\t%s\n", pairs[i], c.t("command.example_"+pairs[i+1]))
	}
	_ = t.Flush()
	return strings.TrimRight(out.String(), "\n")
}

// help writes a command's help.
func (c *cli) help(cmd *cobra.Command) {
	w := cmd.OutOrStdout()
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	fmt.Fprintf(w, "%s\n\n%s\n  %s%s [%s]\n", wrapped(text), c.t("command.usage"), cmd.CommandPath(), strings.TrimPrefix(cmd.Use, cmd.Name()), c.t("command.options"))
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s %s\n", cmd.CommandPath(), c.t("command.a_command"))
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\n%s\n%s\n", c.t("command.examples"), cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n%s\n", c.t("command.commands"))
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(t, "  %s\t%s\n", sub.Name(), sub.Short)
			}
		}
		_ = t.Flush()
	}
	flags(w, c.t("command.flags"), cmd.LocalFlags(), cmd.InheritedFlags())
	flags(w, c.t("command.common_flags"), cmd.InheritedFlags(), nil)
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n%s\n", c.t("command.more_help", "command", cmd.CommandPath()))
	}
}

// flags lists the flags of a set that are not in without.
func flags(w io.Writer, title string, set, without *pflag.FlagSet) {
	var lines []string
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || without != nil && without.Lookup(f.Name) != nil {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if kind != "" {
			name += " " + kind
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.Name != "lang" {
			usage += " (" + f.DefValue + ")"
		}
		lines = append(lines, name+"\t"+usage)
	})
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintf(t, "  %s\n", line)
	}
	_ = t.Flush()
}

// wrapped breaks the lines of a text for a terminal.
func wrapped(text string) string {
	const width = 100
	var out strings.Builder
	for i, paragraph := range strings.Split(text, "\n") {
		if i > 0 {
			out.WriteByte('\n')
		}
		column := 0
		for word := range strings.FieldsSeq(paragraph) {
			if column > 0 && column+1+len(word) > width {
				out.WriteByte('\n')
				column = 0
			}
			if column > 0 {
				out.WriteByte(' ')
				column++
			}
			out.WriteString(word)
			column += len(word)
		}
	}
	return out.String()
}

func (c *cli) helpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "help [COMMAND]", Short: c.t("command.help_help"), Example: "  amanah help import",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return c.usage("command.wrong_command", "command", strings.Join(args, " "))
			}
			return about.Help()
		},
	}
	return cmd
}

// usage is an error of the command line itself; key says what is wrong with it. It may quote what the operator typed
// on the spot.
func (c *cli) usage(key string, pairs ...any) error {
	return errs.New(errs.Invalid, "app.usage").With("problem", c.t(key, pairs...))
}

// flagError says in the operator's language what is wrong with a flag.
func (c *cli) flagError(err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if shorthands := unknown.GetSpecifiedShortnames(); shorthands != "" {
			return c.usage("command.wrong_flag", "flag", "-"+name)
		}
		return c.usage("command.wrong_flag", "flag", "--"+name)
	case errors.As(err, &missing):
		return c.usage("command.wrong_no_value", "flag", "--"+missing.GetFlag().Name)
	case errors.As(err, &value):
		return c.usage("command.wrong_value", "flag", "--"+value.GetFlag().Name, "value", value.GetValue())
	default:
		return errs.Wrap(errs.Invalid, "app.usage", err).With("problem", err.Error())
	}
}

// mustHave makes a flag one that has to be given.
func mustHave(f *pflag.FlagSet, names ...string) {
	for _, name := range names {
		_ = cobra.MarkFlagRequired(f, name)
	}
}

// required refuses a command line that lacks a flag made so by mustHave; cobra would say it in English only.
func (c *cli) required(cmd *cobra.Command) error {
	var missing []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if len(f.Annotations[cobra.BashCompOneRequiredFlag]) > 0 && !f.Changed {
			missing = append(missing, "--"+f.Name)
		}
	})
	if len(missing) == 0 {
		return nil
	}
	return c.usage("command.wrong_missing", "flags", strings.Join(missing, ", "))
}

// noArgs refuses arguments.
func (c *cli) noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return c.usage("command.wrong_argument", "argument", args[0])
	}
	return nil
}

// oneArg wants exactly one argument; key is the text that says which.
func (c *cli) oneArg(key string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return c.usage("command.wrong_one", "what", c.t(key))
		}
		return nil
	}
}

// onlyCommands refuses what is the name of no command, and says which was perhaps meant.
func (c *cli) onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		slices.Sort(near)
		return c.usage("command.wrong_command_near", "command", args[0], "near", strings.Join(near, ", "))
	}
	return c.usage("command.wrong_command", "command", args[0])
}
