// How an update meets the element that is there (-DUPDATE): both in COMPUTE(T).

#define update_replace(old, alpha, update) (update)
#define update_sum(old, alpha, update) \
  ((COMPUTE(T))((WRAPPING(T))(old) + (WRAPPING(T))(alpha) * (WRAPPING(T))(update)))
#define update_product(old, alpha, update) ((COMPUTE(T))((WRAPPING(T))(old) * (WRAPPING(T))(update)))
#define update_larger(old, alpha, update) ((old) != (old) || (old) > (update) ? (old) : (update))
#define update_smaller(old, alpha, update) ((old) != (old) || (old) < (update) ? (old) : (update))
#define UPDATED(old, alpha, update) JOIN(update_, UPDATE)(old, alpha, update)
