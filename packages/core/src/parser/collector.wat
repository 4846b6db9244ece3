;; The collector: the eight callbacks that llhttp wants, written so that no JavaScript runs while a head is read.
;; Each callback appends one record (kind, address, length) to a table in this module's memory; JavaScript reads the
;; table when llhttp returns. Kinds and layout stand in table.ts; the two files change together.
;;
;; Word 0 of the memory is the number of records, the records follow from byte 16, three 32-bit words each.
;; A callback that answers 21 (HPE_PAUSED) makes llhttp return and lets it go on later: at the end of every message, so
;; that one call never reads into the next request, and when the table is full, so that a flood of tiny chunks can't
;; write past it.
(module
  (memory (export "memory") 1)

  (func $record (param $kind i32) (param $address i32) (param $length i32) (result i32)
    (local $count i32)
    (local $at i32)
    (local.set $count (i32.load (i32.const 0)))
    (local.set $at (i32.add (i32.const 16) (i32.mul (local.get $count) (i32.const 12))))
    (i32.store (local.get $at) (local.get $kind))
    (i32.store offset=4 (local.get $at) (local.get $address))
    (i32.store offset=8 (local.get $at) (local.get $length))
    (local.set $count (i32.add (local.get $count) (i32.const 1)))
    (i32.store (i32.const 0) (local.get $count))
    ;; 1024 records are the whole table.
    (if (result i32) (i32.ge_u (local.get $count) (i32.const 1024))
      (then (i32.const 21))
      (else (i32.const 0))))

  (func (export "wasm_on_message_begin") (param i32) (result i32) (i32.const 0))
  (func (export "wasm_on_status") (param i32 i32 i32) (result i32) (i32.const 0))
  (func (export "wasm_on_url") (param i32 i32 i32) (result i32)
    (call $record (i32.const 1) (local.get 1) (local.get 2)))
  (func (export "wasm_on_header_field") (param i32 i32 i32) (result i32)
    (call $record (i32.const 2) (local.get 1) (local.get 2)))
  (func (export "wasm_on_header_value") (param i32 i32 i32) (result i32)
    (call $record (i32.const 3) (local.get 1) (local.get 2)))
  ;; (parser, status code, upgrade, should keep alive): the two flags travel in place of the span.
  (func (export "wasm_on_headers_complete") (param i32 i32 i32 i32) (result i32)
    (drop (call $record (i32.const 4) (local.get 2) (local.get 3)))
    (i32.const 0))
  (func (export "wasm_on_body") (param i32 i32 i32) (result i32)
    (call $record (i32.const 5) (local.get 1) (local.get 2)))
  (func (export "wasm_on_message_complete") (param i32) (result i32)
    (drop (call $record (i32.const 6) (i32.const 0) (i32.const 0)))
    (i32.const 21)))
