"""The chip's side and the terminal's, written a second time: Python integers for curves and groups, the package `cryptography`
for the block ciphers, `sympy` for primes, and not a line of the crate. Prints the vectors that the crate's tests read.

    python3 generate.py dialogue > dialogue.txt     (likewise: pace, active)

It runs by hand when the vectors change; the build needs the text files alone. Everything is derived from SHA-256 of a
label, so that a second run prints the same.
"""

import hashlib
import sys

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC


def octets(label, length):
    out, block = b"", 0
    while len(out) < length:
        out += hashlib.sha256(f"{label}/{block}".encode()).digest()
        block += 1
    return out[:length]


# ---------------------------------------------------------------- curves: NIST SP 800-186 section 3.2.1, RFC 5639 section 3


class Curve:
    ca, generic, integrated, tag = 2, 2, 4, "86"

    def __init__(self, name, parameter, p, a, b, x, y, n):
        self.name, self.parameter = name, parameter
        self.p, self.a, self.b, self.n = (int(v, 16) for v in (p, a, b, n))
        self.g = (int(x, 16), int(y, 16))
        self.size = (self.p.bit_length() + 7) // 8
        assert self.on(self.g) and self.mul(self.n, self.g) is None

    def on(self, q):
        return (q[1] ** 2 - q[0] ** 3 - self.a * q[0] - self.b) % self.p == 0

    def add(self, s, t):
        if s is None or t is None:
            return t if s is None else s
        if s[0] == t[0]:
            if (s[1] + t[1]) % self.p == 0:
                return None
            slope = (3 * s[0] * s[0] + self.a) * pow(2 * s[1], -1, self.p)
        else:
            slope = (t[1] - s[1]) * pow(t[0] - s[0], -1, self.p)
        x = (slope * slope - s[0] - t[0]) % self.p
        return x, (slope * (s[0] - x) - s[1]) % self.p

    def mul(self, k, q):
        result = None
        while k:
            if k & 1:
                result = self.add(result, q)
            q, k = self.add(q, q), k >> 1
        return result

    def encode(self, q):
        return b"\x04" + q[0].to_bytes(self.size, "big") + q[1].to_bytes(self.size, "big")

    def x(self, q):
        return q[0].to_bytes(self.size, "big")


CURVES = [
    Curve("P-256", 12, "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc", "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296", "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
    Curve("brainpoolP256r1", 13, "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377", "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9", "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6", "8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262", "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997", "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7"),
    Curve("brainpoolP320r1", 14, "d35e472036bc4fb7e13c785ed201e065f98fcfa6f6f40def4f92b9ec7893ec28fcd412b1f1b32e27", "3ee30b568fbab0f883ccebd46d3f3bb8a2a73513f5eb79da66190eb085ffa9f492f375a97d860eb4", "520883949dfdbc42d3ad198640688a6fe13f41349554b49acc31dccd884539816f5eb4ac8fb1f1a6", "43bd7e9afb53d8b85289bcc48ee5bfe6f20137d10a087eb6e7871e2a10a599c710af8d0d39e20611", "14fdd05545ec1cc8ab4093247f77275e0743ffed117182eaa9c77877aaac6ac7d35245d1692e8ee1", "d35e472036bc4fb7e13c785ed201e065f98fcfa5b68f12a32d482ec7ee8658e98691555b44c59311"),
    Curve("P-384", 15, "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff", "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc", "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef", "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7", "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f", "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"),
    Curve("brainpoolP384r1", 16, "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53", "7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826", "04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11", "1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e", "8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315", "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565"),
    Curve("brainpoolP512r1", 17, "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3", "7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca", "3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723", "81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822", "7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892", "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069"),
    Curve("P-521", 18, "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc", "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00", "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66", "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650", "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"),
]

# ---------------------------------------------------------------- groups of integers: RFC 5114 section 2


class Modp:
    """A group written as the curves are: `mul` is the power, `add` the product."""

    ca, generic, integrated, tag = 1, 1, 3, "84"

    def __init__(self, name, parameter, p, g, q):
        self.name, self.parameter = name, parameter
        self.p, self.g, self.n = (int(v, 16) for v in (p, g, q))
        self.size = (self.p.bit_length() + 7) // 8
        assert pow(self.g, self.n, self.p) == 1 and (self.p - 1) % self.n == 0

    def mul(self, k, base):
        return pow(base, k, self.p)

    def add(self, s, t):
        return s * t % self.p

    def encode(self, y):
        return y.to_bytes((y.bit_length() + 7) // 8, "big")

    def x(self, y):
        return y.to_bytes(self.size, "big")


GROUPS = [
    Modp("MODP-1024-160", 0, "b10b8f96a080e01dde92de5eae5d54ec52c99fbcfb06a3c69a6a9dca52d23b616073e28675a23d189838ef1e2ee652c013ecb4aea906112324975c3cd49b83bfaccbdd7d90c4bd7098488e9c219a73724effd6fae5644738faa31a4ff55bccc0a151af5f0dc8b4bd45bf37df365c1a65e68cfda76d4da708df1fb2bc2e4a4371", "a4d1cbd5c3fd34126765a442efb99905f8104dd258ac507fd6406cff14266d31266fea1e5c41564b777e690f5504f213160217b4b01b886a5e91547f9e2749f4d7fbd7d3b9a92ee1909d0d2263f80a76a6a24c087a091f531dbf0a0169b6a28ad662a4d18e73afa32d779d5918d08bc8858f4dcef97c2a24855e6eeb22b3b2e5", "f518aa8781a8df278aba4e7d64b7cb9d49462353"),
    Modp("MODP-2048-224", 1, "ad107e1e9123a9d0d660faa79559c51fa20d64e5683b9fd1b54b1597b61d0a75e6fa141df95a56dbaf9a3c407ba1df15eb3d688a309c180e1de6b85a1274a0a66d3f8152ad6ac2129037c9edefda4df8d91e8fef55b7394b7ad5b7d0b6c12207c9f98d11ed34dbf6c6ba0b2c8bbc27be6a00e0a0b9c49708b3bf8a317091883681286130bc8985db1602e714415d9330278273c7de31efdc7310f7121fd5a07415987d9adc0a486dcdf93acc44328387315d75e198c641a480cd86a1b9e587e8be60e69cc928b2b9c52172e413042e9b23f10b0e16e79763c9b53dcf4ba80a29e3fb73c16b8e75b97ef363e2ffa31f71cf9de5384e71b81c0ac4dffe0c10e64f", "ac4032ef4f2d9ae39df30b5c8ffdac506cdebe7b89998caf74866a08cfe4ffe3a6824a4e10b9a6f0dd921f01a70c4afaab739d7700c29f52c57db17c620a8652be5e9001a8d66ad7c17669101999024af4d027275ac1348bb8a762d0521bc98ae247150422ea1ed409939d54da7460cdb5f6c6b250717cbef180eb34118e98d119529a45d6f834566e3025e316a330efbb77a86f0c1ab15b051ae3d428c8f8acb70a8137150b8eeb10e183edd19963ddd9e263e4770589ef6aa21e7f5f2ff381b539cce3409d13cd566afbb48d6c019181e1bcfe94b30269edfe72fe9b6aa4bd7b5a0f1c71cfff4c19c418e1f6ec017981bc087f2a7065b384b890d3191f2bfa", "801c0d34c58d93fe997177101f80535a4738cebcbf389a99b36371eb"),
    Modp("MODP-2048-256", 2, "87a8e61db4b6663cffbbd19c651959998ceef608660dd0f25d2ceed4435e3b00e00df8f1d61957d4faf7df4561b2aa3016c3d91134096faa3bf4296d830e9a7c209e0c6497517abd5a8a9d306bcf67ed91f9e6725b4758c022e0b1ef4275bf7b6c5bfc11d45f9088b941f54eb1e59bb8bc39a0bf12307f5c4fdb70c581b23f76b63acae1caa6b7902d52526735488a0ef13c6d9a51bfa4ab3ad8347796524d8ef6a167b5a41825d967e144e5140564251ccacb83e6b486f6b3ca3f7971506026c0b857f689962856ded4010abd0be621c3a3960a54e710c375f26375d7014103a4b54330c198af126116d2276e11715f693877fad7ef09cadb094ae91e1a1597", "3fb32c9b73134d0b2e77506660edbd484ca7b18f21ef205407f4793a1a0ba12510dbc15077be463fff4fed4aac0bb555be3a6c1b0c6b47b1bc3773bf7e8c6f62901228f8c28cbb18a55ae31341000a650196f931c77a57f2ddf463e5e9ec144b777de62aaab8a8628ac376d282d6ed3864e67982428ebc831d14348f6f2f9193b5045af2767164e1dfc967c1fb3f2e55a4bd1bffe83b9c80d052b985d182ea0adb2a3b7313d3fe14c8484b1e052588b9b7d2bbd2df016199ecd06e1557cd0915b3353bbb64e0ec377fd028370df92b52c7891428cdc67eb6184b523d1db246c32f63078490f00ef8d647d148d47954515e2327cfef98c582664b4c0f6cc41659", "8cf83642a709a097b447997640129da299b1a47d1eb3750ba308b0fe64f5fbd3"),
]
BY_NAME = {curve.name: curve for curve in CURVES + GROUPS}

# ---------------------------------------------------------------- ciphers, keys, secure messaging: ICAO 9303-11 section 9.7, 9.8

CIPHERS = {1: (8, 16, "sha1"), 2: (16, 16, "sha1"), 3: (16, 24, "sha256"), 4: (16, 32, "sha256")}


def block_cipher(arc, key):
    return TripleDES(key + key[:8]) if arc == 1 else algorithms.AES(key)


def chain(arc, key, iv, data, decrypt=False):
    mode = Cipher(block_cipher(arc, key), modes.CBC(iv))
    operation = mode.decryptor() if decrypt else mode.encryptor()
    return operation.update(data) + operation.finalize()


def pad(data, block):
    data += b"\x80"
    return data + bytes(-len(data) % block)


def mac(arc, key, data):
    if arc != 1:
        code = CMAC(algorithms.AES(key))
        code.update(data)
        return code.finalize()[:8]
    single = lambda k, d, inverse=False: chain(1, k + k, bytes(8), d, inverse)
    data, state = pad(data, 8), bytes(8)
    for at in range(0, len(data), 8):
        state = single(key[:8], bytes(u ^ v for u, v in zip(state, data[at : at + 8])))
    return single(key[:8], single(key[8:], state, True))


def kdf(arc, secret, counter):
    _, size, name = CIPHERS[arc]
    return hashlib.new(name, secret + counter.to_bytes(4, "big")).digest()[:size]


def tlv(tag, value):
    size = len(value)
    length = bytes([size]) if size < 128 else b"\x81" + bytes([size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return bytes.fromhex(tag) + length + value


class Messaging:
    """Both ends; `ssc` counts every message."""

    def __init__(self, arc, secret):
        self.arc, self.block = arc, CIPHERS[arc][0]
        self.enc, self.mac, self.ssc = kdf(arc, secret, 1), kdf(arc, secret, 2), 0

    def count(self):
        self.ssc += 1
        return self.ssc.to_bytes(self.block, "big")

    def encrypt(self, ssc, data):
        iv = bytes(8) if self.arc == 1 else chain(self.arc, self.enc, bytes(16), ssc)
        return chain(self.arc, self.enc, iv, pad(data, self.block))

    def code(self, ssc, data):
        whole = ssc + data
        return mac(self.arc, self.mac, whole if self.arc == 1 else pad(whole, 16))

    def objects(self, ssc, odd, data):
        if not data:
            return b""
        encrypted = self.encrypt(ssc, data)
        return tlv("85", encrypted) if odd else tlv("87", b"\x01" + encrypted)

    def command(self, ins, p1p2, data, le):
        ssc = self.count()
        header = bytes([0x0C, ins]) + p1p2
        body = self.objects(ssc, ins & 1, data)
        if le:
            body += tlv("97", bytes([le & 255]) if le <= 256 else (le & 65535).to_bytes(2, "big"))
        body += tlv("8E", self.code(ssc, pad(header, self.block) + body))
        padded = -(-(le + 1) // self.block) * self.block + 1 if le else 0
        answer = (padded + (2 if padded < 128 else 3 if padded < 256 else 4) if le else 0) + 14
        if len(body) <= 255 and answer <= 256:
            return header + bytes([len(body)]) + body + b"\x00"
        return header + b"\x00" + len(body).to_bytes(2, "big") + body + b"\x00\x00"

    def answer(self, odd, data, status):
        ssc = self.count()
        body = self.objects(ssc, odd, data) + tlv("99", status)
        return body + tlv("8E", self.code(ssc, body)) + status


def command(header, data, le):
    if len(data) <= 255 and le <= 256:
        return bytes.fromhex(header) + bytes([len(data)]) + data + (bytes([le & 255]) if le else b"")
    return bytes.fromhex(header) + b"\x00" + len(data).to_bytes(2, "big") + data + ((le & 65535).to_bytes(2, "big") if le else b"")


def show(**lines):
    for key, values in lines.items():
        for value in values if isinstance(values, list) else [values]:
            print(key, value.hex() if isinstance(value, bytes) else value)


# ---------------------------------------------------------------- chip authentication: ICAO 9303-11 section 6.2


def dialogue():
    cases = [(curve.name, arc, 223) for curve, arc in zip(CURVES, (1, 2, 3, 4, 2, 4, 3))]
    cases += [("brainpoolP256r1", arc, 223) for arc in (1, 3, 4)] + [("P-256", 4, 1000), ("brainpoolP384r1", 1, 1000)]
    cases += [(group.name, arc, 223) for group in GROUPS for arc in (1, 4)] + [("MODP-2048-256", arc, 223) for arc in (2, 3)]
    # Numbers that begin with a zero: a secret keeps it, a public key does not.
    cases += [("MODP-1024-160", 4, 223), ("MODP-1024-160", 4, 223)]
    short = {len(cases) - 2: "secret", len(cases) - 1: "public"}
    for number, (name, arc, chunk) in enumerate(cases):
        curve, label, tries = BY_NAME[name], f"dialogue {number}", 0
        while True:
            chip = int.from_bytes(octets(label + " chip", 80), "big") % curve.n
            randomness = octets(label + " server", 80)
            server = int.from_bytes(randomness, "big") % curve.n
            public = curve.encode(curve.mul(server, curve.g))
            key = curve.mul(chip, curve.g)
            shared = curve.mul(chip, curve.mul(server, curve.g))
            begins = {"secret": curve.x(shared), "public": curve.x(curve.mul(server, curve.g))}
            if number not in short or begins[short[number]][0] == 0:
                break
            label, tries = f"dialogue {number} try {tries}", tries + 1
        assert shared == curve.mul(server, key)
        identifier = [None, 1, 0x0203][number % 3]
        reference = b"" if identifier is None else tlv("84", identifier.to_bytes((identifier.bit_length() + 7) // 8, "big"))
        oid = bytes.fromhex("04007F0007020203") + bytes([curve.ca, arc])
        if arc == 1:
            data = tlv("91", public) + reference
            opening = [command("002241A6", data, 0)]
        else:
            data = tlv("80", oid) + reference
            opening = [command("002241A4", data, 0), command("00860000", tlv("7C", tlv("80", public)), 256)]
        messaging, relay, answers, files = Messaging(arc, curve.x(shared)), [], [], []

        def exchange(ins, p1p2, data, le, result):
            relay.append(messaging.command(ins, p1p2, data, le))
            answers.append(messaging.answer(ins & 1, result, b"\x90\x00"))

        for fid, tag, size in (("0101", "61", 93), ("010d", "6d", 0 if number % 2 else 611)):
            content = tlv(tag, octets(label + fid, size))
            if len(content) < 5:
                content = tlv(tag, octets(label + fid, 7))
            files.append(bytes.fromhex(fid) + content)
            exchange(0xA4, b"\x02\x0c", bytes.fromhex(fid), 0, b"")
            for at in range(0, len(content), chunk):
                part = content[at : at + chunk]
                exchange(0xB0, at.to_bytes(2, "big"), b"", len(part), part)
        print(f"# {label}")
        show(curve=name, cipher=arc, identifier="none" if identifier is None else identifier, chunk=chunk)
        show(chip=curve.encode(key), randomness=randomness, opening=opening, file=files, relay=relay, answer=answers)
        # One command of an odd instruction goes on in the same channel.
        part = octets(label + " far", 40)
        relay, answers = [], []
        exchange(0xB1, b"\x00\x00", bytes.fromhex("5403008000"), 42, tlv("53", part))
        show(far_relay=relay, far_answer=answers, far=part, shared=curve.x(shared))
        print()


# ---------------------------------------------------------------- PACE: ICAO 9303-11 section 4.4

C0 = {16: "a668892a7c41e3ca739f40b057d85904", 32: "d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676"}
C1 = {16: "a4e136ac725f738b01c1f60217c188ad", 32: "54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517"}


def integrated(curve, arc, s, t):
    block, size, _ = CIPHERS[arc]
    iv, length = bytes(block), len(s)
    k, out = chain(arc, t, iv, s)[:size], b""
    while len(out) * 8 < curve.p.bit_length() + 64:
        out += chain(arc, k, iv, bytes.fromhex(C1[length]))
        k = chain(arc, k, iv, bytes.fromhex(C0[length]))[:size]
    if isinstance(curve, Modp):
        return pow(int.from_bytes(out, "big"), (curve.p - 1) // curve.n, curve.p)
    # The map of Brier and others, by its definition: whichever of the two candidates is a square.
    p, a, b = curve.p, curve.a, curve.b
    u = int.from_bytes(out, "big") % p
    square = lambda x: (x**3 + a * x + b) % p
    x2 = -b * pow(a, -1, p) * (1 + pow(u**4 - u**2, -1, p)) % p
    x3 = -u * u * x2 % p
    if pow(square(x2), (p - 1) // 2, p) == 1:
        point = x2, pow(square(x2), (p + 1) // 4, p)
    else:
        # U(u)·A with U = u³·h(x2): the root that the definition takes.
        point = x3, u**3 * square(x2) * pow(square(x2), p - 1 - (p + 1) // 4, p) % p
    assert curve.on(point)
    return point


def pace():
    cases = []
    for curve, arc in zip(CURVES, (2, 4, 3, 4, 1, 2, 4)):
        cases += [(2, curve, arc), (4, curve, arc)]
        if arc != 1:
            cases.append((6, curve, arc))
    cases += [(4, BY_NAME["brainpoolP256r1"], arc) for arc in (1, 3)]
    for group, arc in zip(GROUPS, (2, 1, 4)):
        cases += [(1, group, arc), (3, group, arc)]
    cases += [(3, GROUPS[0], 3)]
    for number, (mapping, curve, arc) in enumerate(cases):
        label = f"pace {number}"
        block, size, _ = CIPHERS[arc]
        oid = bytes.fromhex("04007F0007020204") + bytes([mapping, arc])
        can = str(int.from_bytes(octets(label + " can", 4), "big") % 10**6).zfill(6).encode()
        number_of = lambda name: int.from_bytes(octets(f"{label} {name}", 80), "big") % curve.n
        s = octets(label + " nonce", 16 if size == 16 else 32)
        z = chain(arc, kdf(arc, can, 3), bytes(block), s)
        data = tlv("80", oid) + tlv("83", b"\x02") + tlv("84", bytes([curve.parameter]))
        commands = [bytes.fromhex("0022C1A4") + bytes([len(data)]) + data, bytes.fromhex("10860000027C0000")]
        answers = [b"\x90\x00", tlv("7C", tlv("80", z)) + b"\x90\x00"]

        def general(tag, value, reply, last=False, more=b""):
            data = tlv("7C", tlv(tag, value))
            commands.append(command("00860000" if last else "10860000", data, 256 if len(data) <= 255 else 65536))
            answers.append(tlv("7C", reply + more) + b"\x90\x00")

        ifd_map, ic_map = number_of("terminal mapping"), number_of("chip mapping")
        if mapping == curve.integrated:
            t = octets(label + " terminal mapping", 80)[:size]
            g = integrated(curve, arc, s, t)
            general("81", t, tlv("82", b"") if number % 2 else b"")
        else:
            general("81", curve.encode(curve.mul(ifd_map, curve.g)), tlv("82", curve.encode(curve.mul(ic_map, curve.g))))
            g = curve.add(curve.mul(int.from_bytes(s, "big"), curve.g), curve.mul(ifd_map * ic_map % curve.n, curve.g))
        ifd, ic = number_of("terminal"), number_of("chip")
        ifd_public, ic_public = (curve.encode(curve.mul(k, g)) for k in (ifd, ic))
        general("83", ifd_public, tlv("84", ic_public))
        shared = curve.x(curve.mul(ifd * ic % curve.n, g))
        token = lambda public: mac(arc, kdf(arc, shared, 2), tlv("7F49", tlv("06", oid) + tlv(curve.tag, public)))
        static, more = number_of("static"), b""
        if mapping == 6:
            claim = (pow(static, -1, curve.n) * ic_map % curve.n).to_bytes(curve.size, "big")
            enc = kdf(arc, shared, 1)
            more = tlv("8A", chain(arc, enc, chain(arc, enc, bytes(16), b"\xff" * 16), pad(claim, 16)))
        general("85", token(ic_public), tlv("86", token(ifd_public)), True, more)
        messaging = Messaging(arc, shared)
        print(f"# {label}")
        show(curve=curve.name, cipher=arc, mapping=mapping, can=can.decode())
        show(mapping_randomness=octets(label + " terminal mapping", 80), randomness=octets(label + " terminal", 80))
        show(command=commands, answer=answers, static=curve.encode(curve.mul(static, curve.g)))
        show(select=messaging.command(0xA4, b"\x04\x0c", bytes.fromhex("A0000002471001"), 0))
        show(selected=messaging.answer(0, b"", b"\x90\x00"))
        print()


# ---------------------------------------------------------------- active authentication: ICAO 9303-11 section 6.1, ISO/IEC 9796-2

TRAILERS = {"sha1": "33cc", "sha256": "34cc", "sha512": "35cc", "sha384": "36cc", "sha224": "38cc"}


def active():
    from sympy import nextprime

    def prime(label, bits):
        candidate = int.from_bytes(octets(label, bits // 8), "big") | 3 << (bits - 2) | 1
        while True:
            candidate = int(nextprime(candidate))
            if candidate % 65537 != 1:
                return candidate

    for number, (name, trailer) in enumerate([("sha1", "bc")] + list(TRAILERS.items())):
        label = f"active {number}"
        p, q = prime(label + " p", 1024), prime(label + " q", 1024)
        n, d = p * q, pow(65537, -1, (p - 1) * (q - 1))
        assert n.bit_length() == 2048
        challenge, trailer = octets(label + " challenge", 8), bytes.fromhex(trailer)
        size = hashlib.new(name).digest_size
        m1 = octets(label + " m1", 256 - 1 - size - len(trailer))
        f = b"\x6a" + m1 + hashlib.new(name, m1 + challenge).digest() + trailer
        signature = pow(int.from_bytes(f, "big"), d, n).to_bytes(256, "big")
        print(f"# {label}")
        show(kind="rsa", hash=name, modulus=n.to_bytes(256, "big"), challenge=challenge, signature=signature)
        print()
    for number, (curve, name) in enumerate(zip(CURVES, ("sha256", "sha224", "sha1", "sha384", "sha512", "sha512", "sha256"))):
        label = f"active ec {number}"
        secret, nonce = (int.from_bytes(octets(f"{label} {which}", 80), "big") % curve.n for which in ("secret", "nonce"))
        challenge = octets(label + " challenge", 8)
        digest = hashlib.new(name, challenge).digest()
        e = int.from_bytes(digest, "big")
        excess = len(digest) * 8 - curve.n.bit_length()
        e = e >> excess if excess > 0 else e
        r = curve.mul(nonce, curve.g)[0] % curve.n
        s = pow(nonce, -1, curve.n) * (e + r * secret) % curve.n
        plain = r.to_bytes(curve.size, "big") + s.to_bytes(curve.size, "big")
        integer = lambda v: tlv("02", v.to_bytes(v.bit_length() // 8 + 1, "big"))
        print(f"# {label}")
        show(kind="ec", curve=curve.name, hash=name, public=curve.encode(curve.mul(secret, curve.g)))
        show(challenge=challenge, signature=plain, der=tlv("30", integer(r) + integer(s)))
        print()


if __name__ == "__main__":
    {"dialogue": dialogue, "pace": pace, "active": active}[sys.argv[1]]()
