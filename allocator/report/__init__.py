"""Reports: functions of records, for the terminal, Markdown, CSV and HTML. One set of tables serves them all."""
