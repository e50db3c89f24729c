# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies beside a package in a directory: SEV's transport envelope, the envelope of a MEDO mail product.

Pure: bytes in, values out.  Nothing here is a full reading of a message: it says whose files a package consists of, as
cheaply as the process that owns every socket may afford, and never with an XML parser.
"""
