"""The public API: the lists, records, charts and counts of the site for programs, read only.

Every list of `dashboards.lists` is here with its filters and its columns; nothing is declared a
second time. Whoever is signed in sees what everybody sees.

`urls` has the addresses, `views` what they answer, `cursors` how a list is paged, `errors` and
`middleware` what goes wrong, `throttling` how often one may ask, `schema` and `parameters` the
OpenAPI document, `docs` its page.
"""
