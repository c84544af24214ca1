"""What is done to policy files: compared by meaning, and by what a change does to a case."""
