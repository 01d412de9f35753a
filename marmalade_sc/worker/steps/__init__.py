"""Our own steps, one module each; docs/jobs.md says what each is given and gives."""
