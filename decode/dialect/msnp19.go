package dialect

// msnp19 dates from September 2010, a step on the way: presence and notifications between users are
// now documents (PUT, NFY, SDG).
var msnp19 = msnp18.with(19, []gone{{verbs: "BLP CHG NLN FLN PRP UUX UBX FQY UUN UBN UUM UBM"}})

// msnp20 is another step; no difference from msnp19 is known.
var msnp20 = msnp19.with(20, nil)
