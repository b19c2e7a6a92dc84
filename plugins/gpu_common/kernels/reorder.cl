// tn_stream_reorder between strided views. T: an unsigned type of the element's size.
// compile: -DT={uchar,ushort,uint,ulong,Bits128}

KERNEL(reorder)
(OUT(T, y), IN(T, x), long count, int rank, Longs dims, Longs to, Longs from, long chunk) {
  FOR_ELEMENTS(i, count, chunk) {
    AT(T, y)[place(i, rank, &dims, &to)] = CONST_AT(T, x)[place(i, rank, &dims, &from)];
  }
}
