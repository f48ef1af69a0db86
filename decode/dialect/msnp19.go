package dialect

// msnp19 is of September 2010, a step on the way: presence and notifications between users are documents now (PUT, NFY, SDG).
var msnp19 = msnp18.with(19, []gone{{verbs: "BLP CHG NLN FLN PRP UUX UBX FQY UUN UBN UUM UBM"}})

// msnp20 is another step; no difference is known.
var msnp20 = msnp19.with(20, nil)
