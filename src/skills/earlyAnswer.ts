import type { Socket } from 'node:net'

type Written = (error?: Error | null) => void

/** What Node lets a stream do for a write; its types leave it out where it is optional. */
interface Writing {
  _write(chunk: unknown, encoding: BufferEncoding, written: Written): void
  _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], written: Written): void
}

/**
 * Lets a socket be read to its end although nothing can be written to it any more: a service that refuses a request answers and hangs up while it is
 * still sent, and a write that fails would destroy the socket with the answer unread. Reading ends by itself then, with the connection.
 */
export function readBeforeFailing<S extends Socket>(socket: S): S {
  const { _write, _writev } = socket as unknown as Writing
  const held = (written: Written): Written => {
    return (error) => {
      if (!error || socket.destroyed || socket.readableEnded) return written(error)
      // Ended, broken or destroyed by its user: each of these closes it.
      const over = () => {
        socket.off('end', over).off('close', over)
        written(error)
      }
      socket.once('end', over).once('close', over)
    }
  }
  const writing: Writing = {
    _write: (chunk, encoding, written) => _write.call(socket, chunk, encoding, held(written)),
    _writev: (chunks, written) => _writev.call(socket, chunks, held(written)),
  }
  return Object.assign(socket, writing)
}
