"""What all drills stand on: a server from outside, its peers, figures, and the table."""
