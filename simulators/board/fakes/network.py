"""A board's `network` for MicroPython's unix port: there as soon as it is asked for, on loopback."""


class WLAN:
    IF_STA = 0

    def __init__(self, interface):
        self.joined = False

    def active(self, is_on):
        pass

    def isconnected(self):
        return self.joined

    def connect(self, name, password):
        self.joined = True

    def disconnect(self):
        self.joined = False
