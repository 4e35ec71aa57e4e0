"""The text index: a table of the database's own kind, and how far it is."""

from django.db import migrations, models

# As `initiatives.search` writes and asks it.
SQLITE = """
    CREATE VIRTUAL TABLE initiatives_search USING fts5(
        title, names, summary, said, tokenize = 'unicode61 remove_diacritics 0'
    )
"""
POSTGRESQL = """
    CREATE TABLE initiatives_search (record bigint PRIMARY KEY, words tsvector NOT NULL);
    CREATE INDEX initiatives_search_words ON initiatives_search USING gin (words);
"""


def make(apps, schema_editor):
    there = schema_editor.connection.vendor
    schema_editor.execute(POSTGRESQL if there == "postgresql" else SQLITE)


def drop(apps, schema_editor):
    schema_editor.execute("DROP TABLE initiatives_search")


class Migration(migrations.Migration):
    dependencies = [("initiatives", "0003_history")]
    operations = [
        migrations.CreateModel(
            name="SearchState",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField(default=0)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunPython(make, drop),
    ]
