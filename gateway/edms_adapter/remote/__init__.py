# SPDX-License-Identifier: GPL-3.0-or-later
"""What adapters share whose EDMS is reached by calls, one step after the other, and knows nothing of the exchange.

`web` is the line to it; `directing` finds whose inbox, `given_numbers` which number, `same_number` what came before;
`papers` are the files, `sheet` the words on a card, `telling` the events that a sender hears of.
"""
