"""The database refuses a passage whose words do not stand at its span of the article.

A check constraint cannot look into another table, so these are triggers, on either database. A
later migration that rebuilds one of the two tables on SQLite drops them and must put them back
(`tests/test_evidence.py` notices).
"""

from django.db import migrations

REFUSAL = "passage: these words do not stand at this span of the article"
FROZEN = "article: a text that passages point into does not change; add a new text"

SQLITE = [
    f"""
    CREATE TRIGGER passage_inside_text_{event} BEFORE {event} ON initiatives_evidence
    WHEN NOT EXISTS (
        SELECT 1 FROM initiatives_article
        WHERE id = NEW.article_id
        AND substr(text, NEW.start + 1, NEW."end" - NEW.start) = NEW.words
    )
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """
    for event in ("insert", "update")
] + [
    f"""
    CREATE TRIGGER article_text_frozen BEFORE UPDATE OF text ON initiatives_article
    WHEN NEW.text <> OLD.text
    AND EXISTS (SELECT 1 FROM initiatives_evidence WHERE article_id = OLD.id)
    BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END
    """
]

POSTGRESQL = [
    f"""
    CREATE FUNCTION passage_inside_text() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT 1 FROM initiatives_article
            WHERE id = NEW.article_id
            AND substr(text, NEW.start + 1, NEW."end" - NEW.start) = NEW.words
        ) THEN
            RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER passage_inside_text BEFORE INSERT OR UPDATE ON initiatives_evidence
    FOR EACH ROW EXECUTE FUNCTION passage_inside_text()
    """,
    f"""
    CREATE FUNCTION article_text_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.text <> OLD.text
        AND EXISTS (SELECT 1 FROM initiatives_evidence WHERE article_id = OLD.id) THEN
            RAISE EXCEPTION '{FROZEN}' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER article_text_frozen BEFORE UPDATE OF text ON initiatives_article
    FOR EACH ROW EXECUTE FUNCTION article_text_frozen()
    """,
]

UNDO = {
    "sqlite": [
        "DROP TRIGGER passage_inside_text_insert",
        "DROP TRIGGER passage_inside_text_update",
        "DROP TRIGGER article_text_frozen",
    ],
    "postgresql": [
        "DROP TRIGGER passage_inside_text ON initiatives_evidence",
        "DROP TRIGGER article_text_frozen ON initiatives_article",
        "DROP FUNCTION passage_inside_text()",
        "DROP FUNCTION article_text_frozen()",
    ],
}


def run(statements):
    """An operation that runs the statements of the connection's own database."""

    def operation(apps, schema_editor):
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement, params=None)

    return operation


class Migration(migrations.Migration):
    dependencies = [("initiatives", "0001_initial")]

    operations = [
        migrations.RunPython(run({"sqlite": SQLITE, "postgresql": POSTGRESQL}), run(UNDO)),
    ]
