"""What is done to policy files: they are checked and tested, and compared by meaning and by what a change does."""
