"""The editorial desk: what editors do to records, each deed a verb and a change that can be undone."""
