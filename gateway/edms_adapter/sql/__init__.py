# SPDX-License-Identifier: GPL-3.0-or-later
"""The declarative mapping: connects any SQL records system by one TOML file and knows no table by name.

``mapping`` is the file's form, ``expression`` what its expressions may say, ``plan`` the file made ready to run.
``database`` and ``association`` are the two things every mapping shares: a connection, and our own three tables
that remember which exchange became which card.  The rest is one module per thing the port promises.
"""
