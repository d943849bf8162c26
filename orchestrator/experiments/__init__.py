"""Many runs of one scenario: repeats and matrices, and the search for the highest rate that holds.

Nothing here measures anything: runs do, and this orders them and holds their figures against each
other."""
