# SPDX-License-Identifier: GPL-3.0-or-later
"""The starter mapping as text: what was guessed, what must be decided, and what could be said instead."""

import re
from collections.abc import Iterator

from sqlalchemy import Integer, Numeric
from sqlalchemy.engine.interfaces import ReflectedColumn

from gateway.edms_adapter.sql.sampling.guessing import (
    Guess,
    Role,
    Table,
    in_words,
    is_bytes,
    is_date,
    is_moment,
    is_text,
    is_whole,
    made_by_itself,
)

OTHERS = 4  # LIMIT: of one role that are shown beside the likeliest
NOT_OURS = r"their|partner|sender|corr|out|ish|teh|исх|корр|отпр"
# what a column of the card is called → the expression; the first that fits
NUMBER, DATE = r"num|nomer|номер", r"date|data|dat|дата"
CARD_TEXTS = (
    (r"subj|annot|about|tema|soderzh|тема|содерж|кратк", "document.subject"),
    (rf"({NOT_OURS}).*({NUMBER})|({NUMBER}).*({NOT_OURS})", "document.number.text"),
    (r"uid|guid", "document.uid"),
    (r"order.*num|free_num|reg.*num|number$|^num|nomer|номер", "number"),
)
CARD_DAYS = (
    (rf"({NOT_OURS}).*({DATE})|({DATE}).*({NOT_OURS})", "document.number.date"),
    (r"plan|due|dead|srok|срок", "document.control.deadline if document.control else none"),
    (r"reg|doc|rec|card|рег|док", "today"),
)
CARD_NUMBERS = ((r"page|list|sheet|лист", "document.pages or none"), (r"order|seq|poryad|порядк", "n"))


def written(guess: Guess) -> str:
    """Return the mapping of *guess*, a TOML text that loads as it is."""
    return _Sample(guess).text()


class _Sample:
    """One file in the making: lookups are asked for while steps are written, and stand before them."""

    def __init__(self, guess: Guess) -> None:
        self.guess = guess
        self.card = guess.cards
        self.files = guess.best(Role.FILES)
        self.people = guess.best(Role.PEOPLE)
        self.lookups: dict[str, Table] = {}  # name → the table it asks

    def text(self) -> str:
        steps = [*self._register(), *self._register_files(), *self._register_people()]  # they ask for lookups
        parts = (
            self._head(),
            self._database(),
            self._files(),
            self._number(),
            self._lookups(),
            self._routing(),
            steps,
            self._attach(),
            self._changes(),
            self._outgoing(),
        )
        return "\n".join(line for part in parts for line in (*part, "")).rstrip() + "\n"

    # --- what was found

    def _head(self) -> Iterator[str]:
        yield "# A starter mapping, guessed from the names of tables and columns and from foreign keys."
        yield "# It loads as it is and registers nothing yet: `edms-gateway edms check` names what must be decided."
        yield '# A statement is undecided while it holds the words "-- decide:"; docs/adding-an-edms.md says the rest.'
        yield "#"
        yield "# What the tables look like:"
        for role, ranks in self.guess.ranks.items():
            first = ranks[0] if ranks else None
            yield f"#   {role.value}: " + (f"{first.table.name} ({first.why})" if first else "none was found")
            if others := ranks[1 : OTHERS + 1]:
                yield f"#     or {', '.join(one.table.name for one in others)}"
        if self.guess.unwritable:
            names = ", ".join(_one_line(name) for name in self.guess.unwritable)
            yield f"# Only statements can name these, no `table` of a step: {names}"
        yield f"# Another table of cards: edms-gateway edms sample --database … --cards {self.card.name}"
        yield ""
        yield 'card = "card"'

    def _database(self) -> Iterator[str]:
        yield "[database]"
        yield '# time_zone = "Europe/Moscow"   # of columns without a zone; without it the office\'s'
        if self.guess.schema and self.guess.dialect == "postgresql":
            yield f"search_path = {_quoted(self.guess.schema)}"
        kind = self._type_of(self.card, self.card.key)
        yield f'key = "{self._key_type()}"   # {self.card.name}.{self.card.key} is {kind}'

    def _files(self) -> Iterator[str]:
        yield "[files]"
        files = self.files
        link = files.to(self.card) if files else None
        if files is None or link is None:
            yield "inline_max_bytes = 0"
            yield from self._undecided("of_card", "where the files of a card lie; no table of files points to it")
            return
        content, path = files.column(".", fits=is_bytes), self._path()
        found = {
            "sha256": files.column(r"sha|hash|digest|хеш|хэш", fits=is_text),
            "size": files.column(r"size|length|razmer|размер", fits=is_whole),
            "path": path,
            "content": content,
        }
        kept = " or ".join(where for where, there in ((f"in {content}", content), ("in the store", path)) if there)
        most = (65536 if path else 8 << 20) if content else 0
        yield f"inline_max_bytes = {most}   # bytes lie {kept or 'nowhere yet'}"
        columns = ", ".join(f"{self._name(column) if column else 'null'} as {name}" for name, column in found.items())
        lacking = ", ".join(name for name in ("sha256", "size") if not found[name])
        lacking += "" if content or path else (", " if lacking else "") + "content or path"
        words = f"\n-- decide: which column holds {lacking}; every file is read back and compared" if lacking else ""
        where = f"from {self._table(files)} where {self._name(link)} = :card"
        yield f'of_card = """\nselect {columns}\n{where}{words}\n"""'
        if path:
            column = self._name(path)
            yield f'referenced = """select {column} from {self._table(files)} where {column} is not null"""'

    def _number(self) -> Iterator[str]:
        yield "[number]"
        counters = self.guess.best(Role.COUNTERS)
        last = (
            counters.column(r"last|value|posl|num|посл|знач|номер|next", but=r"year|god|год|id$", fits=is_whole)
            if counters
            else None
        )
        if counters is None or last is None:
            nothing = "where 1 = 0 -- decide: how the next number is taken; no table of counters was found"
            card, key = self._table(self.card), self._name(self.card.key or "")
            yield f'advance = """\nupdate {card} set {key} = {key} {nothing}\n"""'
            yield f'read = """\nselect {key} from {card} {nothing}\n"""'
        else:
            yield from self._counter(counters, last)
        yield "format = \"'%d' % n\"   # for example \"'IN-%d/%02d' % (n, today.year % 100)\""

    def _counter(self, counters: Table, last: str) -> Iterator[str]:
        year = counters.column(r"year|god|год")
        rest = [
            one["name"] for one in counters.columns if one["name"] not in (year, last) and one["name"] in counters.keys
        ]
        where = f" where {self._name(year)} = :year" if year else ""
        words = f"\n-- decide: which {', '.join(rest)}" if rest and year is None else ""
        words = f"\n-- decide: which {', '.join(rest)} besides the year" if rest and year else words
        if year:
            yield 'values = { year = "today.year" }'
        name, table = self._name(last), self._table(counters)
        yield f'advance = """\nupdate {table} set {name} = {name} + 1{where}{words}\n"""'
        yield f'read = """\nselect {name} from {table}{where}{words}\n"""'
        if year and not rest:
            columns = f"{self._name(year)}, {name}"
            yield f'# start = "insert into {table} ({columns}) values (:year, 0)"   # then a year opens by itself'

    # --- what must be known

    def _lookups(self) -> Iterator[str]:
        for name, table in self.lookups.items():
            key = self._name(table.key or "")
            yield "[[lookup]]"
            yield f'name = "{name}"'
            if table is self.guess.best(Role.CORRESPONDENTS):
                index = table.column(r"index|индекс", fits=is_text) or table.column(r"code|kod|код|due", fits=is_text)
                said = f"where {self._name(index)} = :index" if index else "where :index = ''"
                words = "-- decide: which column is the partner's exchange index"
                yield f'sql = """\nselect {key} from {self._table(table)} {said} {words}\n"""'
                yield 'values = { index = "intake.correspondent.index" }'
                text = f"'the sender %s is not in {table.name}' % intake.correspondent.index"
            else:
                words = f"-- decide: which row of {table.name} a partner's document gets"
                yield f'sql = """\nselect {key} from {self._table(table)} where 1 = 0 {words}\n"""'
                text = f"'no row of {table.name} was found for it'"
            yield 'missing = "wait"   # or "default" with default = "none", or "refuse" with a reason'
            yield f'text = "{text}"'
            yield ""

    def _routing(self) -> Iterator[str]:
        yield "[routing]"
        people = self.people
        if people is None or people.key is None:
            yield from self._undecided(
                "inboxes",
                "whose inboxes there are",
                "'' as \"key\", '' as name, '' as post, '' as department, '' as \"index\"",
            )
            yield from self._undecided(
                "default", "who gets what is addressed to nobody", "'' as \"key\", '' as name", bind=True
            )
            return
        name = people.column(r"fio|name|surname|famil|фио|фам|имя", fits=is_text) or people.key
        post = people.column(r"post|duty|dolzh|title|должн", fits=is_text)
        table, key = self._table(people), self._name(people.key)
        yield f'inboxes = """\nselect {key} as {self._alias("key")}, {self._name(name)} as name,'
        said = self._name(post) if post else "''"
        yield f"       {said} as post, '' as department, '' as {self._alias('index')}"
        yield f'from {table}\n"""'
        yield f'default = """\nselect {key} as {self._alias("key")}, {self._name(name)} as name from {table}'
        wanted = f":wanted <> '' and {self._name(name)} = :wanted"
        yield f'where {wanted} -- decide: who gets what is addressed to nobody\n"""'

    # --- rows

    def _register(self) -> Iterator[str]:
        yield "# --- what a document becomes"
        yield "[[register]]"
        yield f'table = "{self._whole(self.card)}"'
        yield f'key = "{self.card.key}"'
        yield 'as = "card"'
        yield "[register.values]"
        used: set[str] = set()
        for column in self.card.columns:
            yield from self._value(self.card, column, self._of_card(column, used))

    def _of_card(self, column: ReflectedColumn, used: set[str]) -> str | None:
        """Return the expression for a column of the card; None when it cannot be guessed, "" when it needs none."""
        name = column["name"]
        if made_by_itself(self.card, column) and name == self.card.key:
            return ""
        if name == self.card.key:
            return "exchange"
        if foreign := self._foreign(self.card, name):
            return foreign
        kinds = ((is_text, CARD_TEXTS), (is_date, CARD_DAYS), (is_moment, CARD_DAYS), (is_whole, CARD_NUMBERS))
        for fits, table in kinds:
            for pattern, expression in table if fits(column) else ():
                if re.search(pattern, name, re.IGNORECASE) and expression not in used:
                    used.add(expression)
                    return self._cut(expression, column)
        return "now" if is_moment(column) and not column["nullable"] else None

    def _foreign(self, table: Table, name: str) -> str | None:
        key = next((one for one in table.foreign if one.column == name), None)
        other = self.guess.named(key.table) if key else None
        if key is None or other is None or other is table or other.key != key.target:
            return None
        if other is self.card:
            return "card"
        if other is self.people:
            return "addressees[0].inbox" + ("|int" if self._whole_key(other) else "") + " if addressees else none"
        column = next(one for one in table.columns if one["name"] == name)
        correspondent = other is self.guess.best(Role.CORRESPONDENTS)
        if column["nullable"] and not correspondent:
            return None
        found = "correspondent" if correspondent else f"its_{other.name.lower()}"
        self.lookups.setdefault(found, other)
        return found

    def _register_files(self) -> Iterator[str]:
        files = self.files
        if files is None or files.to(self.card) is None:
            return
        yield ""
        yield "[[register]]"
        yield 'each = "files"'
        yield f'table = "{self._whole(files)}"'
        yield "[register.values]"
        yield from self._file_values(files)
        yield "# Signatures of a file must be kept too, beside it or in a table of their own:"
        yield "# [[register.steps]]"
        yield '# each = "file.signatures"'
        yield f'# table = "{self._whole(files)}"'

    def _file_values(self, files: Table) -> Iterator[str]:
        link, path = files.to(self.card), self._path()
        content = files.column(".", fits=is_bytes)
        known = {
            link: "card",
            files.column(r"sha|hash|digest|хеш|хэш", fits=is_text): "file.sha256",
            files.column(r"size|length|razmer|размер", fits=is_whole): "file.size",
            content: "file.blob",
            path: "file.path",
            files.column(r"order|position|poryad|порядк", fits=is_whole): "position",
        }
        name = files.column(r"name|descript|title|imya|назв|имя", but="path|type", fits=is_text)
        for column in files.columns:
            guessed = known.get(column["name"]) or (self._cut("file.name", column) if column["name"] == name else None)
            if guessed is None and made_by_itself(files, column):
                guessed = ""
            yield from self._value(
                files, column, guessed or self._foreign(files, column["name"]) if guessed != "" else ""
            )

    def _register_people(self) -> Iterator[str]:
        """The row that puts a card before a person, when there is a table that ties the two."""
        table = self._between()
        if table is None or self.people is None:
            return
        yield ""
        yield f"# {table.name} ties cards to {self.people.name}: is it the inbox?  Else leave this step out."
        yield "[[register]]"
        yield 'each = "addressees"'
        yield f'table = "{self._whole(table)}"'
        yield "[register.values]"
        mine, whose = table.to(self.card), table.to(self.people)
        for column in table.columns:
            name = column["name"]
            guessed = "card" if name == mine else None
            if name == whose:
                guessed = "addressee.inbox" + ("|int" if self._whole_key(self.people) else "")
            elif guessed is None and made_by_itself(table, column):
                guessed = ""
            elif guessed is None:
                guessed = "now" if is_moment(column) else "today" if is_date(column) else self._foreign(table, name)
            yield from self._value(table, column, guessed)

    def _between(self) -> Table | None:
        people = self.people
        if people is None:
            return None
        tied = [
            one
            for one in self.guess.tables
            if one not in (self.card, self.files) and one.to(self.card) and one.to(people)
        ]
        named = [
            one
            for one in tied
            if re.search(r"inbox|forward|folder|route|addressee|papk|adres|вход|папк|адрес|пересл", one.name, re.I)
        ]
        return next(iter(named), None)

    def _attach(self) -> Iterator[str]:
        yield "# --- an addition, or a file that came later"
        files = self.files
        if files is None or files.to(self.card) is None:
            yield "[[attach]]"
            yield 'each = "files"'
            yield from self._undecided("sql", "where a file of a card that is there already is put", verb="update")
            return
        yield "[[attach]]"
        yield 'each = "files"'
        if digest := files.column(r"sha|hash|digest|хеш|хэш", fits=is_text):
            yield 'when = "not read.has_file(card=card, sha256=file.sha256)"'
            yield f'table = "{self._whole(files)}"'
            yield "[attach.values]"
            yield from self._attached(files)
            yield ""
            yield "[read.has_file]"
            link = self._name(files.to(self.card) or "")
            asked = f"where {link} = :card and {self._name(digest)} = :sha256"
            yield f'sql = """select {link} as found from {self._table(files)} {asked}"""'
            yield 'value = "row.found"'
            yield "single = true"
            return
        yield "# without a column for its SHA-256 a file that comes twice lies there twice"
        yield f'table = "{self._whole(files)}"'
        yield "[attach.values]"
        yield from self._attached(files)

    def _attached(self, files: Table) -> Iterator[str]:
        """As in register, but lookups are made for new documents only."""
        for line in self._file_values(files):
            asks = any(line.endswith(f'= "{name}"') for name in self.lookups)
            yield f"# {line}   # decide: lookups are not made here" if asks else line

    # --- what people do, and what goes out

    def _changes(self) -> Iterator[str]:
        yield "# --- what people did: without rules here a partner hears nothing after the registration"
        for table in self.guess.tables:
            link, moment = table.to(self.card), table.column(".", fits=is_moment)
            if table in (self.card, self.files) or not link or not moment or not table.key:
                continue
            yield "# [[changes]]"
            yield '# event = "forwarded"   # or assigned, progress, executed, answered …'
            columns = f"{self._name(table.key)} as id, {self._name(link)} as card, {self._name(moment)} as cur"
            yield f'# sql = """select {columns} from {self._table(table)}"""'
            yield "# overlap = 120   # seconds, longer than any transaction of the EDMS lives"
            yield '# fields = { at = "moment(row.cur)" }'

    def _outgoing(self) -> Iterator[str]:
        card, key = self._table(self.card), self._name(self.card.key or "")
        yield "# --- what our people send"
        yield "[outgoing]"
        yield f'sql = """\nselect {key} as id, {key} as cur from {card}'
        yield 'where 1 = 0 -- decide: what a clerk marks for sending, and for whom\n"""'
        yield "[outgoing.fields]"
        yield 'ref = "text(row.id)"'
        yield 'card = "text(row.id)"'
        yield "to = \"''\"   # the partner's exchange index, for example row.partner"
        yield 'document = "document(uid=text(row.id), card=text(row.id))"   # with number, subject, authors, files'
        yield ""
        yield "[mark]   # steps by which the clerk sees what became of it"
        yield "taken = []\nsent = []\nfailed = []\nrefused = []\noverdue = []"
        yield ""
        yield "[record]   # where the partner's news are written"
        yield f'find = """\nselect {key} as id from {card}'
        yield 'where 1 = 0 -- decide: the row of outgoing that has this ref\n"""'
        yield "on = []"
        yield ""
        yield "[link]   # documents that a document names"
        yield "steps = []"
        yield "[link.find]"
        yield f'sql = """\nselect {key} from {card}'
        yield 'where 1 = 0 -- decide: the card that a partner\'s document answers\n"""'

    # --- words

    def _value(self, table: Table, column: ReflectedColumn, guessed: str | None) -> Iterator[str]:
        """Yield the line of one column; what cannot be guessed is a comment, and check misses what must be filled."""
        if guessed == "":
            return
        key = _toml_key(column["name"])
        kind = in_words(column["type"])
        if guessed is not None:
            yield f'{key} = "{guessed}"'
            return
        needed = not column["nullable"] and not made_by_itself(table, column)
        why = f"{kind}, must be filled: decide" if needed else kind
        example = "0" if isinstance(column["type"], (Integer, Numeric)) else "now" if is_moment(column) else "'…'"
        yield f'# {key} = "{example}"   # {_one_line(why)}'

    def _undecided(
        self, key: str, words: str, columns: str = "", *, verb: str = "select", bind: bool = False
    ) -> Iterator[str]:
        card, id_ = self._table(self.card), self._name(self.card.key or "")
        given = columns or "'' as sha256, 0 as size, null as path, null as content"
        asked = f"select {given} from {card}" if verb == "select" else f"update {card} set {id_} = {id_}"
        wanted = " and :wanted = ''" if bind else f" and {id_} = :card" if key == "of_card" else ""
        yield f'{key} = """\n{asked} where 1 = 0{wanted} -- decide: {words}\n"""'

    def _path(self) -> str | None:
        return self.files.column(r"path|put|путь|place|store", fits=is_text) if self.files else None

    def _cut(self, expression: str, column: ReflectedColumn) -> str:
        room = getattr(column["type"], "length", None)
        free = expression in ("document.subject", "document.number.text", "file.name")
        return f"{expression} | clip({room})" if room and free else expression

    def _key_type(self) -> str:
        return "integer" if self._whole_key(self.card) else "text"

    @staticmethod
    def _whole_key(table: Table) -> bool:
        return any(is_whole(one) for one in table.columns if one["name"] == table.key)

    @staticmethod
    def _type_of(table: Table, name: str | None) -> str:
        return next((in_words(one["type"]) for one in table.columns if one["name"] == name), "")

    def _name(self, column: str) -> str:
        return self.guess.quote(column)

    def _alias(self, name: str) -> str:
        """Return a word of SQL as the name of a column."""
        return f"`{name}`" if self.guess.dialect in ("mysql", "mariadb") else f'"{name}"'

    def _whole(self, table: Table) -> str:
        """Return a table as a step names it."""
        other = self.guess.schema and self.guess.dialect != "postgresql"
        return f"{self.guess.schema}.{table.name}" if other else table.name

    def _table(self, table: Table) -> str:
        return ".".join(map(self.guess.quote, self._whole(table).split(".")))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _toml_key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _one_line(text: str) -> str:
    """Return *text* without what would end a comment."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
