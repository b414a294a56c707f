"""Everything that a core may ask of its shell, and everything that people and programs may be told of."""

from gateway.incident import Alarm, Announce, Asked, Early, Heard, NewAir, News, Reply, Store, Tell, Updated
from gateway.orders import Aim, Light, Outcome
from gateway.reasons import Because

Told = Announce | Heard | Alarm | Updated | Outcome | News | Asked
"""What people and programs are told of, and the journal keeps."""
Effect = Store | Reply | Light | Aim | Announce | Because | Early | Heard | Alarm | NewAir | News | Tell | Updated
ONCE = (Aim,)
"""What would be seen if it were done twice: the reason for it is on the disk before it is ordered, and an order whose
reason is there is never given again. Lamps come up at once instead, and are read first where they may be up already."""
