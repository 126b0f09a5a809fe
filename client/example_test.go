package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/amanah-id/amanah/client"
)

// A desktop serves a call for a member of staff: it states the purpose, finds the caller, lets the customer confirm on
// their own telephone, and asks for one field. Until the customer has confirmed, the last step is refused, with the
// sentence to say.
func Example() {
	ctx := context.Background()
	desktop, err := client.New(client.Options{Address: "https://amanah.example", Key: "amanah_k_…", Language: "id"})
	if err != nil {
		log.Fatal(err)
	}
	session, err := desktop.SignIn(ctx, "rina", "the password", "123456")
	if err != nil {
		log.Fatal(err)
	}
	agent := desktop.As(session.Token)

	call, err := agent.StartInteraction(ctx, client.Opening{Controller: "ctl_…", Channel: "phone", Direction: "inbound"})
	if err != nil {
		log.Fatal(err)
	}
	beat := agent.KeepAlive(ctx, call)
	defer func() { _ = beat.Stop() }()
	ctx = beat.Context()

	if err := agent.ChoosePurpose(ctx, call, "pur_…", "id"); err != nil {
		log.Fatal(err)
	}
	found, err := agent.Search(ctx, call, "customer_number", "CN00000001")
	if err != nil || len(found.Hits) != 1 {
		log.Fatal("not found: ", err)
	}
	if err := agent.Identify(ctx, call, found.Hits[0].Subject); err != nil {
		log.Fatal(err)
	}
	link, err := agent.SendLink(ctx, call, "")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("Read out: %02d\n", link.Number)

	shown, err := agent.Reveal(ctx, call, client.Reveal{Fields: []string{"name"}, Reason: "to greet the customer"})
	if client.Code(err) == "gate.not_serving" {
		fmt.Println("not verified yet")
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(shown.Values[0].Text, "for", shown.RemaskAfter(), "by entry", shown.Receipt.Leaf)
}

// An auditor's program walks the log and stops when it has seen enough.
func ExampleClient_Entries() {
	ctx := context.Background()
	auditor, err := client.New(client.Options{Address: "https://amanah.example"})
	if err != nil {
		log.Fatal(err)
	}
	session, err := auditor.SignIn(ctx, "maria", "the password", "123456")
	if err != nil {
		log.Fatal(err)
	}
	for entry, err := range auditor.As(session.Token).Entries(ctx, client.EntryQuery{Action: "reveal", Decision: "denied"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.At, entry.Actor, entry.Reason)
	}
}
