// tenon.Fill. T: an unsigned type of the element's size.
// compile: -DT={uchar,ushort,uint,ulong,Bits128}

KERNEL(fill_value)
(OUT(T, y), T value, long count, int rank, Longs dims, Longs steps, long chunk) {
  FOR_ELEMENTS(i, count, chunk) AT(T, y)[place(i, rank, &dims, &steps)] = value;
}

KERNEL(fill_element)
(OUT(T, y), IN(T, value), long count, int rank, Longs dims, Longs steps, long chunk) {
  const T value = *CONST_AT(T, value);
  FOR_ELEMENTS(i, count, chunk) AT(T, y)[place(i, rank, &dims, &steps)] = value;
}
