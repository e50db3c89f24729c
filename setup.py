# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything is in pyproject.toml; here only: the folders templates/ and config/ are installed inside the package."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["gateway", "gateway.*"]), "gateway.templates", "gateway.config"],
    package_dir={"gateway.templates": "templates", "gateway.config": "config"},
)
