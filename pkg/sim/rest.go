package sim

// rest lets the world come to rest and checks what must hold then.
func (w *world) rest() {
	w.oracle.verify()
}
