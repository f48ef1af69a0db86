package demo

// hello is the first conversation: short, so that all of it is seen at once.
func (s *stage) hello() []message {
	return []message{
		{s.alice, "hi Bob! you are online at last :)"},
		{s.bob, "hey Alice, took me three tries, the modem was busy"},
		{s.alice, "lunch today?"},
		{s.bob, "sure, half past twelve?"},
		{s.alice, "perfect, let me ask Carol too"},
	}
}

func (s *stage) lunchForTwo() []message {
	return []message{
		{s.bob, "so where do we go? the noodle place again?"},
		{s.alice, "no noodles, I still have the soup on my keyboard"},
		{s.bob, "lol. then the café by the river, the one with the Käsekuchen"},
		{s.alice, "ok! wait, I get Carol in here"},
	}
}

func (s *stage) lunchForThree() []message {
	return []message{
		{s.carol, "hi you two, what did I miss?"},
		{s.alice, "lunch at the café, 12:30. are you coming?"},
		{s.carol, "only if someone explains to me what a baud is"},
		{s.bob, "I will draw it on a napkin ;-)"},
		{s.carol, "deal. see you there!"},
	}
}

func (s *stage) concert() []message {
	return []message{
		{s.bob, "did you get the tickets for Saturday?"},
		{s.carol, "two of them! row 14, the man at the counter was très gentil"},
		{s.bob, "great!! who opens, do you know?"},
		{s.carol, "some band from Göteborg, nobody has heard of them"},
		{s.bob, "then we will be the first. I bring earplugs, just in case"},
		{s.carol, ":-D"},
	}
}

func (s *stage) wallpaper() []message {
	return []message{
		{s.carol, "btw I changed my wallpaper, it is all clouds now"},
		{s.bob, "the one that came with Windows 98?"},
		{s.carol, "yes. my brother says it looks like the boot screen and waits for it to finish"},
		{s.bob, "haha! mine is still the green one with the tiles, my eyes hurt"},
		{s.carol, "1024x768 and you use tiles... shame on you :P"},
		{s.bob, "brb, the phone rings and the modem is on the same line"},
	}
}

func (s *stage) newcomer() []message {
	return []message{
		{s.dave, "hello? is this thing on?"},
		{s.alice, "Dave! welcome to the year 1999 :)"},
		{s.dave, "I had caps lock on. in my password. for ten minutes"},
		{s.alice, "everybody does that once"},
	}
}
