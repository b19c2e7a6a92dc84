# SPDX-License-Identifier: Apache-2.0
"""The standard as text: what spec/generate_text.py puts into docs/spec."""
