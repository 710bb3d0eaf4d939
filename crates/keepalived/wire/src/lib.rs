//! Byte codecs: VRRP 2 and 3, AH, HMAC, ARP, ND.
