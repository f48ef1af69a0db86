package accounts

import (
	"errors"
	"slices"
	"testing"
)

func TestDeleteTakesTheAccountOffEveryList(t *testing.T) {
	eachStore(t, testDeleteTakesTheAccountOffEveryList)
}

func testDeleteTakesTheAccountOffEveryList(t *testing.T, s Admin) {
	for _, e := range []struct {
		owner string
		list  List
		other string
	}{{alice, Forward, bob}, {bob, Forward, alice}, {bob, Forward, bob}, {carol, Allow, bob}, {dave, Block, bob}} {
		if _, err := s.Add(t.Context(), e.owner, e.list, Entry{e.other, "x"}, 150); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), "BOB@hotmail.com"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lookup(t.Context(), bob); !errors.Is(err, ErrNoUser) {
		t.Errorf("Lookup of the deleted: %v", err)
	}
	wantList(t, lookup(t, s, alice), Forward, "5:") // added bob, was added, and bob left both lists
	wantList(t, lookup(t, s, alice), Reverse, "5:")
	wantList(t, lookup(t, s, carol), Allow, "3:")
	wantList(t, lookup(t, s, dave), Block, "3:")
	if err := s.Delete(t.Context(), bob); !errors.Is(err, ErrNoUser) {
		t.Errorf("a second Delete: %v", err)
	}
	if err := s.Create(bob, "new", "Bob"); err != nil {
		t.Fatal(err)
	}
	wantList(t, lookup(t, s, bob), Forward, "1:")
}

func TestSetPassword(t *testing.T) { eachStore(t, testSetPassword) }

func testSetPassword(t *testing.T, s Admin) {
	if err := s.SetPassword(t.Context(), alice, "other"); err != nil {
		t.Fatal(err)
	}
	if u := lookup(t, s, alice); u.Password != "other" || u.Serial != 1 {
		t.Errorf("account is %+v", u)
	}
	if err := s.SetPassword(t.Context(), "erin@hotmail.com", "x"); !errors.Is(err, ErrNoUser) {
		t.Errorf("password of nobody: %v", err)
	}
}

func TestHandles(t *testing.T) { eachStore(t, testHandles) }

func testHandles(t *testing.T, s Admin) {
	if err := s.Create("Bert@hotmail.com", "x", "x"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Handles(t.Context())
	if want := []string{alice, "Bert@hotmail.com", bob, carol, dave}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}
