# SPDX-License-Identifier: Apache-2.0
"""Parts of spec/generate_abi.py: the registry is read (model), checked (rules, lock), written."""
