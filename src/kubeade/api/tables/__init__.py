"""Server-side printing: what `kubectl get` shows (upstream: pkg/printers/internalversion).

`columns(resource)` and `cells(resource, obj, now)` belong together, column by column. Rows always hold the
wide columns too: clients leave out what has a priority above 0.
"""

from kubeade.api.tables.custom import custom_printer
from kubeade.api.tables.printers import cells, columns, row_conditions
from kubeade.api.tables.table import object_part, row, table

__all__ = ["cells", "columns", "custom_printer", "object_part", "row", "row_conditions", "table"]
