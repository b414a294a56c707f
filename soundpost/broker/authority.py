"""A street's own authority: it signs who the broker, the gateway and each node are, and takes that back. Texts in,
texts out (PEM); when it is now is told.

Keys are on P-256, certificates are X.509 v3 (RFC 5280). A list of what was taken back has no end of its own that
anybody would meet: a broker refuses everybody once its list is too old.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS, CERTIFICATE_DAYS = 7300, 1825
BEFORE = timedelta(days=1)
"""A certificate begins earlier than now, for who has a clock that is slow."""
SOON = timedelta(days=60)
NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
"""Nobody made a certificate with this program earlier: a clock that says so was never set."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its secret key, as PEM. Never print the key."""

    certificate: str
    key: str

    def __repr__(self) -> str:
        return "Issued(...)"


def found_authority(name: str, now: datetime) -> Issued:
    """An authority that signs for itself. Raises ValueError where the clock was never set."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = _builder(subject, subject, key.public_key(), now, timedelta(days=AUTHORITY_DAYS))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    return Issued(_pem(builder.sign(key, hashes.SHA256())), _secret(key))


def issue(
    authority: Issued, name: str, now: datetime, hosts: Sequence[str] = (), lasts: timedelta | None = None
) -> Issued:
    """A certificate that says who somebody is. hosts : names and addresses of a server; empty: of a client. It ends
    with the authority's at the latest. Raises ValueError where the clock was never set."""
    issuer, issuer_key = _read(authority)
    key = ec.generate_private_key(ec.SECP256R1())
    left = issuer.not_valid_after_utc - now
    longest = min(lasts or timedelta(days=CERTIFICATE_DAYS), left)
    builder = _builder(_name(name), issuer.subject, key.public_key(), now, longest)
    builder = builder.add_extension(_signed_by(issuer_key.public_key()), critical=False)
    use = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(each) for each in hosts]), critical=False)
    return Issued(_pem(builder.sign(issuer_key, hashes.SHA256())), _secret(key))


def take_back(authority: Issued, former: str, certificates: Sequence[str], now: datetime) -> str:
    """The list (PEM) of what was taken back: those of a former list ("": none yet), and these."""
    issuer, issuer_key = _read(authority)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
    builder = builder.last_update(now - BEFORE).next_update(issuer.not_valid_after_utc)
    listed: set[int] = set()
    number = 1
    if former:
        old = x509.load_pem_x509_crl(former.encode())
        number = old.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number + 1
        for entry in old:
            builder, listed = builder.add_revoked_certificate(entry), listed | {entry.serial_number}
    for certificate in certificates:
        serial = x509.load_pem_x509_certificate(certificate.encode()).serial_number
        if serial not in listed:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
            builder, listed = builder.add_revoked_certificate(entry), listed | {serial}
    builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    builder = builder.add_extension(_signed_by(issuer_key.public_key()), critical=False)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def hosts_of(certificate: str) -> list[str]:
    """The names and addresses that a server's certificate is for."""
    read = x509.load_pem_x509_certificate(certificate.encode())
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in names]


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    if now < NOT_BEFORE:
        raise ValueError(f"the clock says {now:%Y-%m-%d}: set it first, or the certificates would end too early")
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _signed_by(key: ec.EllipticCurvePublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _read(issued: Issued) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = serialization.load_pem_private_key(issued.key.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the authority's key must be one on a curve (P-256)")
    return x509.load_pem_x509_certificate(issued.certificate.encode()), key


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _secret(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
