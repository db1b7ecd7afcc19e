func pythonBytesLiteral(_ b: some Sequence<UInt8>) -> String { "b'" + String(decoding: Array(b), as: UTF8.self) + "'" }
