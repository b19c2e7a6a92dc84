// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 (FIPS 180-4): by it a submission names the binary it is about. Signatures are not made
// here but with tools that people have: ssh-keygen, gpg, openssl.
#pragma once

#include <string>
#include <string_view>

namespace tenon::conformance {

// 64 hexadecimal digits, as sha256sum prints them.
std::string sha256(std::string_view bytes);

// Of a file; empty where it cannot be read.
std::string sha256_of_file(const std::string& path);

}  // namespace tenon::conformance
