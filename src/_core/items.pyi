from typing import final

@final
class Item: ...
